-- How many learners gave which level of education.
-- command: dashboard
-- grain: level
SELECT
  NULLIF(LoE, '') AS level, -- STRING: edX's code; NULL where none is given
  COUNT(*) AS learners -- INTEGER: learners
FROM person_course
GROUP BY level
ORDER BY level
