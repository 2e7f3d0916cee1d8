-- The share of right answers of each participant, by the last answers to each problem.
-- Participants are learners who viewed the course and submitted a problem.
-- command: attempts_correct
-- may be empty: yes
-- grain: user_id
-- optional: show_answer
WITH
  answered AS (
    SELECT user_id, COUNT(*) AS n_items, COUNTIF(one.correct_bool) AS n_correct
    FROM problem_analysis
    CROSS JOIN UNNEST(item) AS one
    GROUP BY user_id
  ),
  problems AS (
    SELECT user_id, COUNT(DISTINCT problem_url_name) AS n_problems
    FROM problem_analysis
    GROUP BY user_id
  ),
  -- Events that name no module count as one problem together.
  shown AS (
    SELECT username, COUNT(DISTINCT module_id) + MAX(IF(module_id IS NULL, 1, 0)) AS n_shown
    FROM show_answer
    WHERE username != ''
    GROUP BY username
  ),
  participants AS (
    SELECT
      problems.user_id,
      person_course.certified,
      person_course.explored,
      answered.n_items,
      answered.n_correct,
      shown.n_shown,
      problems.n_problems
    FROM problems
    INNER JOIN person_course ON problems.user_id = person_course.user_id
    LEFT JOIN answered ON problems.user_id = answered.user_id
    LEFT JOIN shown ON person_course.username = shown.username
    WHERE person_course.viewed
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  user_id, -- INTEGER: account id of the learner
  certified, -- BOOLEAN: has a certificate
  explored, -- BOOLEAN: opened at least half of the chapters; NULL where that is not known
  100 * SAFE_DIVIDE(n_correct, n_items) AS percent_correct, -- FLOAT: right answers, percent of the response fields answered
  IFNULL(n_items, 0) AS nattempts, -- INTEGER: response fields answered (not attempts, in spite of the name)
  IFNULL(n_shown, 0) AS nshow_answer_unique_problems, -- INTEGER: different problems whose answer was asked for
  n_problems AS nproblems, -- INTEGER: different problems submitted
  MAX(n_problems) OVER () AS total_problems, -- INTEGER: the most problems that a participant submitted
  SAFE_DIVIDE(n_problems, MAX(n_problems) OVER ()) AS frac_complete -- FLOAT: nproblems as a fraction of that
FROM participants
