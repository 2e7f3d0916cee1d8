-- How many of the problems that a learner saw, tried or solved are ones whose answer the learner asked for.
-- A problem was seen where the dump has points or a state of it. Learners are those without another role in
-- the forum.
-- command: analyze_problems
-- may be empty: yes
-- step: show_answer
-- sets: doall
-- grain: user_id
WITH
  shown AS (
    SELECT DISTINCT person_course.user_id, CONCAT('i4x://', show_answer.module_id) AS module_id
    FROM show_answer
    INNER JOIN person_course ON show_answer.username = person_course.username
    WHERE show_answer.username != ''
      AND show_answer.module_id IS NOT NULL
  ),
  problems AS (
    SELECT
      problem_grades.user_id,
      attempted,
      perfect,
      IFNULL(grade > 0, FALSE) AS has_points,
      shown.module_id IS NOT NULL AS is_shown
    FROM problem_grades
    LEFT JOIN shown ON problem_grades.user_id = shown.user_id AND problem_grades.module_id = shown.module_id
  ),
  counts AS (
    SELECT
      user_id,
      COUNT(*) AS n_seen,
      COUNTIF(is_shown) AS n_shown,
      COUNTIF(NOT attempted) AS n_not_attempted,
      COUNTIF(NOT attempted AND is_shown) AS n_shown_not_attempted,
      COUNTIF(attempted) AS n_attempted,
      COUNTIF(attempted AND is_shown) AS n_shown_attempted,
      COUNTIF(perfect) AS n_perfect,
      COUNTIF(perfect AND is_shown) AS n_shown_perfect,
      COUNTIF(has_points) AS n_partial,
      COUNTIF(has_points AND is_shown) AS n_shown_partial
    FROM problems
    GROUP BY user_id
  )
SELECT
  counts.user_id, -- INTEGER: account id of the learner
  explored, -- BOOLEAN: opened at least half of the chapters; NULL where that is not known
  certified, -- BOOLEAN: has a certificate
  IFNULL(mode = 'verified', FALSE) AS verified, -- BOOLEAN: enrolled as verified
  100 * SAFE_DIVIDE(n_shown, n_seen) AS pct_show_answer_problem_seen, -- FLOAT: problems whose answer was asked for, percent of those seen
  100 * SAFE_DIVIDE(n_shown_not_attempted, n_not_attempted) AS pct_show_answer_not_attempted, -- FLOAT: percent of those without points; NULL without any
  100 * SAFE_DIVIDE(n_shown_attempted, n_attempted) AS pct_show_answer_attempted, -- FLOAT: percent of those with points, 0 included; NULL without any
  100 * SAFE_DIVIDE(n_shown_perfect, n_perfect) AS pct_show_answer_perfect, -- FLOAT: percent of those with all points; NULL without any
  100 * SAFE_DIVIDE(n_shown_partial, n_partial) AS pct_show_answer_partial, -- FLOAT: percent of those with more than 0 points; NULL without any
  n_shown AS n_show_answer_problem_seen, -- INTEGER: problems seen whose answer was asked for
  n_seen AS n_problems_seen, -- INTEGER: problems seen
  n_shown_not_attempted AS n_show_answer_not_attempted, -- INTEGER: those without points whose answer was asked for
  n_not_attempted, -- INTEGER: problems without points
  n_shown_attempted AS n_show_answer_attempted, -- INTEGER: those with points whose answer was asked for
  n_attempted, -- INTEGER: problems with points, 0 included
  n_shown_perfect AS n_show_answer_perfect, -- INTEGER: those with all points whose answer was asked for
  n_perfect, -- INTEGER: problems with all points
  n_shown_partial AS n_show_answer_partial, -- INTEGER: those with more than 0 points whose answer was asked for
  n_partial -- INTEGER: problems with more than 0 points, all points included
FROM counts
INNER JOIN person_course ON counts.user_id = person_course.user_id
WHERE forumRoles_isStudent = 1
  OR forumRoles_isStudent IS NULL
