-- How many learners solved each problem at their first attempt: those with a certificate, those who completed
-- the course, and those who explored it.
-- command: item_tables
-- sets: doall
-- grain: problem_nid
WITH
  attempted AS (
    SELECT
      person_problem.problem_nid,
      IFNULL(certified, FALSE) AS certified,
      IFNULL(completed, FALSE) AS completed,
      IFNULL(explored, FALSE) AS explored,
      IFNULL(n_attempts = 1 AND problem_pct_score = 100, FALSE) AS at_once
    FROM person_problem
    INNER JOIN person_course ON person_problem.user_id = person_course.user_id
    WHERE certified
      OR completed
      OR explored
  )
SELECT
  problem_nid, -- INTEGER: number of the problem in the course
  COUNTIF(certified AND at_once) AS n_first_attempt_correct_by_certified, -- INTEGER: learners with a certificate and solved it at the first attempt
  COUNTIF(certified) AS n_certified_users_attempted, -- INTEGER: learners with a certificate and submitted it
  100 * SAFE_DIVIDE(COUNTIF(certified AND at_once), COUNTIF(certified)) AS pct_correct_first_attempt_by_certified, -- FLOAT: the first in percent of the second; NULL without any
  COUNTIF(completed AND at_once) AS n_first_attempt_correct_by_completed, -- INTEGER: learners who completed the course and solved it at the first attempt
  COUNTIF(completed) AS n_completed_users_attempted, -- INTEGER: learners who completed the course and submitted it
  100 * SAFE_DIVIDE(COUNTIF(completed AND at_once), COUNTIF(completed)) AS pct_correct_first_attempt_by_completed, -- FLOAT: the first in percent of the second; NULL without any
  COUNTIF(explored AND at_once) AS n_first_attempt_correct_by_explored, -- INTEGER: learners who explored the course and solved it at the first attempt
  COUNTIF(explored) AS n_explored_users_attempted, -- INTEGER: learners who explored the course and submitted it
  100 * SAFE_DIVIDE(COUNTIF(explored AND at_once), COUNTIF(explored)) AS pct_correct_first_attempt_by_explored -- FLOAT: the first in percent of the second; NULL without any
FROM attempted
GROUP BY problem_nid
