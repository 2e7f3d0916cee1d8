-- How many learners asked for the answer of which part of the problems that they saw.
-- command: dashboard
-- grain: tenth
WITH
  tenths AS (
    SELECT
      CASE
        WHEN n_show_answer_problem_seen = 0 THEN 0
        WHEN pct_show_answer_problem_seen >= 100 THEN 10
        ELSE CAST(CEIL(ROUND(pct_show_answer_problem_seen / 10, 6)) AS INT64)
      END AS tenth
    FROM show_answer_stats_by_user
    WHERE n_problems_seen > 0
  )
SELECT
  tenth, -- INTEGER: 0 for none, 1 for more than none to 10 %, … 10 for more than 90 %
  COUNT(*) AS learners -- INTEGER: learners
FROM tenths
GROUP BY tenth
ORDER BY tenth
