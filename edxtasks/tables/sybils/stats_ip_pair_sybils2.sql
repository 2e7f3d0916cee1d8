-- As stats_ip_pair_sybils, by groups of addresses: accounts that hang together by addresses of any course.
-- A learner is in each group that has the learner's address, whoever brought it in. `table` names another table
-- of groups, with the columns username, ip, grp.
-- command: ip_sybils
-- may be empty: yes
-- step: 2 (on request)
-- grain: grp, user_id
-- input courses.uname_ip_groups: from table
WITH
  addresses AS (
    SELECT DISTINCT ip, grp
    FROM courses.uname_ip_groups AS uname_ip_groups
    WHERE ip != ''
      AND grp IS NOT NULL
  ),
  members AS (
    SELECT
      person_course.user_id,
      person_course.username,
      person_course.ip,
      addresses.grp,
      person_course.certified,
      stats_attempts_correct.nshow_answer_unique_problems,
      ROUND(stats_attempts_correct.percent_correct, 2) AS percent_correct,
      stats_attempts_correct.frac_complete
    FROM person_course
    INNER JOIN stats_attempts_correct ON person_course.user_id = stats_attempts_correct.user_id
    INNER JOIN addresses ON person_course.ip = addresses.ip
  ),
  small_groups AS (
    SELECT grp
    FROM members
    GROUP BY grp
    HAVING COUNTIF(certified) > 0
      AND COUNTIF(NOT certified) > 0
      AND COUNT(DISTINCT username) < @sybil_max_group
  ),
  suspects AS (
    SELECT
      members.user_id,
      members.username,
      members.ip,
      members.grp,
      members.certified,
      members.nshow_answer_unique_problems,
      members.percent_correct,
      members.frac_complete
    FROM members
    INNER JOIN small_groups ON members.grp = small_groups.grp
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
      grp,
      certified,
      nshow_answer_unique_problems,
      percent_correct,
      frac_complete,
      COUNTIF(certified) OVER (PARTITION BY grp) AS n_certified,
      COUNTIF(NOT certified) OVER (PARTITION BY grp) AS n_harvesters
    FROM suspects
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  user_id, -- INTEGER: account id
  username, -- STRING: username
  ip, -- STRING: address of most events
  grp, -- INTEGER: number of the group
  nshow_answer_unique_problems, -- INTEGER: different problems whose answer was asked for
  percent_correct, -- FLOAT: right answers, percent of the response fields answered, two decimals
  frac_complete, -- FLOAT: problems submitted, as a fraction of the most that a participant submitted
  certified -- BOOLEAN: true for the account that benefits, false for a harvester
FROM with_kinds
WHERE n_certified > 0
  AND n_harvesters > 0
ORDER BY grp, certified DESC, user_id
