-- The cuts of each problem by the graded response model, and how many learners passed each.
-- command: dashboard
-- grain: problem_nid, cutnum
-- borrowed: item_irt_grm, item_irt_grm_R
WITH
  cuts AS (
    SELECT problem_nid, cutnum, irt_diff, irt_disc, 1 AS source FROM item_irt_grm
    UNION ALL
    SELECT problem_nid, cutnum, irt_diff, irt_disc, 2 AS source FROM item_irt_grm_R
  ),
  sources AS (
    SELECT MIN(source) AS source FROM cuts
  ),
  -- The categories of a problem are its different scores: who has the lowest one passed no cut.
  categories AS (
    SELECT
      problem_nid,
      DENSE_RANK() OVER (PARTITION BY problem_nid ORDER BY ROUND(problem_pct_score, 9)) - 1 AS n_cuts_passed
    FROM person_problem
    WHERE problem_pct_score IS NOT NULL
  ),
  counted AS (
    SELECT problem_nid, n_cuts_passed, COUNT(*) AS learners
    FROM categories
    GROUP BY problem_nid, n_cuts_passed
  ),
  passing AS (
    SELECT
      cuts.problem_nid,
      cuts.source,
      cuts.cutnum,
      SUM(IF(counted.n_cuts_passed >= cuts.cutnum, counted.learners, 0)) AS passed
    FROM cuts
    JOIN counted ON cuts.problem_nid = counted.problem_nid
    GROUP BY cuts.problem_nid, cuts.source, cuts.cutnum
  )
SELECT
  cuts.problem_nid, -- INTEGER: number of the problem in the course
  cuts.cutnum, -- INTEGER: number of the cut, from 1
  problem_name AS name, -- STRING: display name
  n_unique_users_attempted AS learners, -- INTEGER: learners who submitted it
  passing.passed, -- INTEGER: those whose score is above the cut
  irt_diff AS difficulty, -- FLOAT: ability at which half of the learners pass the cut
  irt_disc AS discrimination -- FLOAT: discrimination of the problem
FROM cuts
JOIN sources ON cuts.source = sources.source
JOIN passing
  ON cuts.problem_nid = passing.problem_nid
  AND cuts.source = passing.source
  AND cuts.cutnum = passing.cutnum
JOIN course_problem ON cuts.problem_nid = course_problem.problem_nid
WHERE irt_diff IS NOT NULL AND irt_disc IS NOT NULL
ORDER BY cuts.problem_nid, cuts.cutnum
