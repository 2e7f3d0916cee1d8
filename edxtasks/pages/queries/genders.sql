-- How many learners gave which gender.
-- command: dashboard
-- grain: given
SELECT
  IF(gender IN ('f', 'm', 'o'), gender, NULL) AS given, -- STRING: f, m, o; NULL where none is given
  COUNT(*) AS learners -- INTEGER: learners
FROM person_course
GROUP BY given
ORDER BY given
