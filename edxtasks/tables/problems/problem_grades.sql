-- The points of each learner in each problem, as the dump has them.
-- command: analyze_problems
-- step: grades
-- sets: doall
-- may be empty: up to 1000 rows
-- grain: user_id, module_id (as a rule)
-- check one_row_per_problem (warning): COUNT(*) OVER (PARTITION BY user_id, module_id) = 1
-- check grade_in_range (warning): grade BETWEEN 0 AND max_grade
WITH
  -- Points are texts in the dump. Only decimal numbers are points: no nan, no inf, no 0x10.
  decimal_texts AS (
    SELECT
      student_id,
      module_id,
      REGEXP_EXTRACT(grade, r'^\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*$') AS points,
      REGEXP_EXTRACT(max_grade, r'^\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*$') AS most_points
    FROM studentmodule
    WHERE module_type = 'problem'
  ),
  numbers AS (
    SELECT
      student_id,
      module_id,
      SAFE_CAST(points AS FLOAT64) AS points,
      SAFE_CAST(most_points AS FLOAT64) AS most_points
    FROM decimal_texts
  ),
  -- No problem has more points than that: their sum could be infinite, and an error on BigQuery.
  problem_points AS (
    SELECT
      student_id,
      module_id,
      IF(ABS(points) <= 1e15, points, NULL) AS grade,
      IF(ABS(most_points) <= 1e15, most_points, NULL) AS max_grade
    FROM numbers
  )
SELECT
  student_id AS user_id, -- INTEGER: account id of the learner
  module_id, -- STRING: module id of the problem, with i4x:// before it
  grade, -- FLOAT: points earned; NULL where there are none
  max_grade, -- FLOAT: points possible
  IFNULL(grade >= max_grade, FALSE) AS perfect, -- BOOLEAN: all points earned; false where either is not known
  grade IS NOT NULL AS attempted -- BOOLEAN: there are points; edX sometimes writes 0 for a problem that was only opened
FROM problem_points
