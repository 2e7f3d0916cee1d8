-- The cuts of each problem by the graded response model.
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
  )
SELECT
  cuts.problem_nid, -- INTEGER: number of the problem in the course
  cutnum, -- INTEGER: number of the cut, from 1
  problem_name AS name, -- STRING: display name
  n_unique_users_attempted AS learners, -- INTEGER: learners who submitted it
  irt_diff AS difficulty, -- FLOAT: ability at which half of the learners pass the cut
  irt_disc AS discrimination -- FLOAT: discrimination of the problem
FROM cuts
JOIN sources ON cuts.source = sources.source
JOIN course_problem ON cuts.problem_nid = course_problem.problem_nid
WHERE irt_diff IS NOT NULL AND irt_disc IS NOT NULL
ORDER BY cuts.problem_nid, cutnum
