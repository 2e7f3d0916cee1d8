-- Groups of accounts on one address of which one is certified and another looks like its harvester of answers.
-- A harvester is not certified, asked for the answers of more than sybil_min_show_answer problems, and has at most
-- sybil_max_percent_correct of its own answers right. Addresses of sybil_max_group and more participants, those of
-- a campus or café, are left out.
-- command: ip_sybils
-- may be empty: yes
-- step: 1
-- grain: ip, user_id
WITH
  members AS (
    SELECT
      person_course.user_id,
      person_course.username,
      person_course.ip,
      person_course.certified,
      stats_attempts_correct.nshow_answer_unique_problems,
      ROUND(stats_attempts_correct.percent_correct, 2) AS percent_correct,
      stats_attempts_correct.frac_complete
    FROM person_course
    INNER JOIN stats_attempts_correct ON person_course.user_id = stats_attempts_correct.user_id
    WHERE person_course.ip != ''
  ),
  small_groups AS (
    SELECT ip
    FROM members
    GROUP BY ip
    HAVING COUNTIF(certified) > 0
      AND COUNTIF(NOT certified) > 0
      AND COUNT(*) < @sybil_max_group
  ),
  suspects AS (
    SELECT
      members.user_id,
      members.username,
      members.ip,
      members.certified,
      members.nshow_answer_unique_problems,
      members.percent_correct,
      members.frac_complete
    FROM members
    INNER JOIN small_groups ON members.ip = small_groups.ip
    WHERE members.certified
      OR (
        NOT members.certified
        AND members.percent_correct <= @sybil_max_percent_correct
        AND members.nshow_answer_unique_problems > @sybil_min_show_answer
        AND members.frac_complete != 0
      )
  ),
  with_kinds AS (
    SELECT
      user_id,
      username,
      ip,
      certified,
      nshow_answer_unique_problems,
      percent_correct,
      frac_complete,
      COUNTIF(certified) OVER (PARTITION BY ip) AS n_certified,
      COUNTIF(NOT certified) OVER (PARTITION BY ip) AS n_harvesters
    FROM suspects
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  user_id, -- INTEGER: account id
  username, -- STRING: username
  ip, -- STRING: address of most events, which the group shares
  nshow_answer_unique_problems, -- INTEGER: different problems whose answer was asked for
  percent_correct, -- FLOAT: right answers, percent of the response fields answered, two decimals
  frac_complete, -- FLOAT: problems submitted, as a fraction of the most that a participant submitted
  certified -- BOOLEAN: true for the account that benefits, false for a harvester
FROM with_kinds
WHERE n_certified > 0
  AND n_harvesters > 0
ORDER BY ip, certified DESC, user_id
