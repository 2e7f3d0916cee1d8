-- When those who are enrolled as verified became so.
-- command: dashboard
-- grain: date
SELECT
  DATE(verified_enroll_time) AS date, -- DATE: UTC date, NULL where it is not known
  COUNT(*) AS learners -- INTEGER: learners
FROM person_course
WHERE mode = 'verified'
GROUP BY date
ORDER BY date
