-- Registered learners with events, and their events, by weekday and hour (UTC).
-- command: dashboard
-- grain: weekday, hour
SELECT
  EXTRACT(DAYOFWEEK FROM date) AS weekday, -- INTEGER: 1 Sunday to 7 Saturday
  hour, -- INTEGER: 0 to 23
  COUNT(DISTINCT person_hours.username) AS learners, -- INTEGER: learners with events
  SUM(person_hours.nevents) AS events -- INTEGER: their events
FROM person_hours
JOIN person_course ON person_hours.username = person_course.username
GROUP BY weekday, hour
ORDER BY weekday, hour
