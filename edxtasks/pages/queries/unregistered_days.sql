-- When those who are not enrolled any more last un-registered.
-- command: dashboard
-- grain: date
WITH
  last_times AS (
    SELECT
      user_id,
      MAX(time) AS time
    FROM enrollment_events
    WHERE deactivated
    GROUP BY user_id
  )
SELECT
  DATE(last_times.time) AS date, -- DATE: UTC date, NULL where it is not known
  COUNT(*) AS learners -- INTEGER: learners
FROM person_course
LEFT JOIN last_times ON person_course.user_id = last_times.user_id
WHERE is_active = 0
GROUP BY date
ORDER BY date
