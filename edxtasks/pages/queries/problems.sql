-- How hard each problem was, in the order of the course.
-- command: dashboard
-- grain: problem_nid
WITH
  attempts AS (
    SELECT
      problem_nid,
      COUNT(*) AS learners,
      SUM(n_attempts) AS n_attempts
    FROM person_problem
    GROUP BY problem_nid
  ),
  places AS (
    SELECT
      problem_nid,
      MIN(chapter_name) AS chapter_name
    FROM course_item
    GROUP BY problem_nid
  )
SELECT
  course_problem.problem_nid, -- INTEGER: number of the problem in the course
  problem_name AS name, -- STRING: display name
  chapter_name, -- STRING: title of its chapter
  attempts.learners, -- INTEGER: learners who submitted it
  avg_problem_pct_score AS score, -- FLOAT: mean of their scores, percent
  SAFE_DIVIDE(attempts.n_attempts, attempts.learners) AS attempts -- FLOAT: mean number of submissions
FROM course_problem
JOIN attempts ON course_problem.problem_nid = attempts.problem_nid
LEFT JOIN places ON course_problem.problem_nid = places.problem_nid
ORDER BY course_problem.problem_nid
