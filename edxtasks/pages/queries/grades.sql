-- How many learners have a grade in each twentieth, below the passing grade and from it on.
-- command: dashboard
-- grain: twentieth, passed
WITH
  twentieths AS (
    SELECT
      CASE
        WHEN grade >= 0.95 THEN 19
        WHEN grade >= 0 THEN CAST(FLOOR(ROUND(grade * 20, 6)) AS INT64)
      END AS twentieth,
      IFNULL(grade >= passing_grade, FALSE) AS passed
    FROM person_course
  )
SELECT
  twentieth, -- INTEGER: 0 for a grade below 0.05, to 19; NULL without a grade
  passed, -- BOOLEAN: whether the grade reaches the passing grade
  COUNT(*) AS learners -- INTEGER: learners
FROM twentieths
GROUP BY twentieth, passed
ORDER BY twentieth, passed
