-- How many learners registered on each date.
-- command: dashboard
-- grain: date
SELECT
  DATE(start_time) AS date, -- DATE: UTC date, NULL where it is not known
  COUNT(*) AS learners -- INTEGER: learners
FROM person_course
GROUP BY date
ORDER BY date
