-- How old the learners were in the year in which they registered.
-- command: dashboard
-- grain: age
SELECT
  EXTRACT(YEAR FROM start_time) - YoB AS age, -- INTEGER: years, as the profile tells, unchecked; NULL where it tells none
  COUNT(*) AS learners -- INTEGER: learners
FROM person_course
GROUP BY age
ORDER BY age
