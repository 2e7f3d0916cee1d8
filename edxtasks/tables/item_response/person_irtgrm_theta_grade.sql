-- The grade that the graded response model expects of each learner, beside the grade that edX gave.
-- Only problems of the model count; a weight that is NULL is none.
-- command: irt_grm
-- may be empty: yes
-- grain: user_id
WITH
  -- With what points a problem adds to the expected score from each cut on: the score of the category above the
  -- cut less that below it. Below the first cut lies the lowest score that anybody got.
  scores AS (
    SELECT problem_nid, MIN(problem_pct_score) AS lowest
    FROM person_problem
    GROUP BY problem_nid
  ),
  cuts AS (
    SELECT
      item_irt_grm.problem_nid,
      item_irt_grm.cutnum,
      item_irt_grm.irt_disc,
      item_irt_grm.irt_diff,
      item_irt_grm.item_weight,
      item_irt_grm.cutval - COALESCE(
        LAG(item_irt_grm.cutval) OVER (PARTITION BY item_irt_grm.problem_nid ORDER BY item_irt_grm.cutnum),
        scores.lowest,
        0.0
      ) AS gain
    FROM item_irt_grm
    LEFT JOIN scores ON item_irt_grm.problem_nid = scores.problem_nid
  ),
  problems AS (
    SELECT
      item_irt_grm.problem_nid,
      COALESCE(MAX(item_irt_grm.item_weight), 0.0) AS weight,
      COALESCE(MAX(scores.lowest), 0.0) AS lowest
    FROM item_irt_grm
    LEFT JOIN scores ON item_irt_grm.problem_nid = scores.problem_nid
    GROUP BY item_irt_grm.problem_nid
  ),
  overall AS (
    SELECT SUM(weight) AS weight
    FROM problems
  ),
  answers AS (
    SELECT DISTINCT
      person_problem.user_id,
      person_problem.problem_nid,
      problems.weight,
      problems.lowest
    FROM person_problem
    INNER JOIN problems ON person_problem.problem_nid = problems.problem_nid
    WHERE person_problem.problem_pct_score IS NOT NULL
  ),
  -- What the answered problems weigh, and give whoever answers them.
  answered AS (
    SELECT user_id, SUM(weight) AS weight, SUM(weight * lowest) AS points
    FROM answers
    GROUP BY user_id
  ),
  -- logistic(x), with x kept where EXP neither overflows nor matters.
  expected AS (
    SELECT
      answers.user_id,
      SUM(
        answers.weight * cuts.gain
        / (1.0 + EXP(LEAST(GREATEST(-cuts.irt_disc * (person_irtgrm_theta.theta - cuts.irt_diff), -700.0), 700.0)))
      ) AS points
    FROM answers
    INNER JOIN person_irtgrm_theta ON answers.user_id = person_irtgrm_theta.user_id
    INNER JOIN cuts ON answers.problem_nid = cuts.problem_nid
    GROUP BY answers.user_id
  )
SELECT
  person_irtgrm_theta.user_id, -- INTEGER: account id of the learner
  SAFE_DIVIDE(answered.points + expected.points, overall.weight) AS irt_grade, -- FLOAT: expected grade in percent, problems without an answer counting 0; NULL where all weights are 0
  answered.weight AS total_weight, -- FLOAT: what the problems weigh that the learner answered, as part of the final grade
  person_course.grade, -- FLOAT: grade that edX gave; NULL where the learner is not in person_course
  person_course.certified, -- BOOLEAN: whether the learner got a certificate
  person_irtgrm_theta.theta -- FLOAT: ability of the learner
FROM person_irtgrm_theta
INNER JOIN answered ON person_irtgrm_theta.user_id = answered.user_id
INNER JOIN expected ON person_irtgrm_theta.user_id = expected.user_id
CROSS JOIN overall
LEFT JOIN person_course ON person_irtgrm_theta.user_id = person_course.user_id
