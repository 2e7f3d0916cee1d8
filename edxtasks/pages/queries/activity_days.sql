-- Registered learners with events, and their events, by date.
-- command: dashboard
-- grain: date
SELECT
  date, -- DATE: UTC date
  COUNT(DISTINCT person_course_day.username) AS learners, -- INTEGER: learners with events
  SUM(person_course_day.nevents) AS events -- INTEGER: their events
FROM person_course_day
JOIN person_course ON person_course_day.username = person_course.username
WHERE person_course_day.nevents > 0
GROUP BY date
ORDER BY date
