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
    WHERE grp IS NOT NULL
  ),
  counted AS (
    SELECT
      accounts.user_id,
      accounts.username,
      accounts.ip,
      addresses.grp,
      accounts.nshow_answer_unique_problems,
      accounts.percent_correct,
      accounts.frac_complete,
      accounts.certified,
      accounts.looks_like_harvester,
      COUNT(accounts.username) OVER (PARTITION BY addresses.grp) AS n_accounts,
      COUNTIF(accounts.certified) OVER (PARTITION BY addresses.grp) AS n_certified,
      COUNTIF(accounts.looks_like_harvester) OVER (PARTITION BY addresses.grp) AS n_harvesters
    FROM sybil_accounts AS accounts
    INNER JOIN addresses ON accounts.ip = addresses.ip
    WHERE accounts.has_answers
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  user_id, -- INTEGER: account id
  username, -- STRING: username
  ip, -- STRING: address of most events
  grp, -- INTEGER: number of the group
  nshow_answer_unique_problems, -- INTEGER: different problems whose answer was asked for
  ROUND(percent_correct, 2) AS percent_correct, -- FLOAT: right answers, percent of the response fields answered, two decimals
  frac_complete, -- FLOAT: problems submitted, as a fraction of the most that a participant submitted
  certified -- BOOLEAN: true for the account that benefits, false for a harvester
FROM counted
WHERE (certified OR looks_like_harvester)
  AND n_accounts < @sybil_max_group
  AND n_certified > 0
  AND n_harvesters > 0
ORDER BY grp, certified DESC, user_id
