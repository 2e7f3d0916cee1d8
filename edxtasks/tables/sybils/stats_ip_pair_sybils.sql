-- Groups of accounts on one address of which one is certified and another looks like its harvester of answers.
-- A harvester is not certified, asked for the answers of more than sybil_min_show_answer problems, and has at most
-- sybil_max_percent_correct of its own answers right. Addresses of sybil_max_group and more participants, those of
-- a campus or café, are left out.
-- command: ip_sybils
-- may be empty: yes
-- step: 1
-- grain: ip, user_id
WITH
  counted AS (
    SELECT
      user_id,
      username,
      ip,
      nshow_answer_unique_problems,
      percent_correct,
      frac_complete,
      certified,
      looks_like_harvester,
      COUNT(*) OVER (PARTITION BY ip) AS n_accounts,
      COUNTIF(certified) OVER (PARTITION BY ip) AS n_certified,
      COUNTIF(looks_like_harvester) OVER (PARTITION BY ip) AS n_harvesters
    FROM sybil_accounts
    WHERE has_answers
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  user_id, -- INTEGER: account id
  username, -- STRING: username
  ip, -- STRING: address of most events, which the group shares
  nshow_answer_unique_problems, -- INTEGER: different problems whose answer was asked for
  ROUND(percent_correct, 2) AS percent_correct, -- FLOAT: right answers, percent of the response fields answered, two decimals
  frac_complete, -- FLOAT: problems submitted, as a fraction of the most that a participant submitted
  certified -- BOOLEAN: true for the account that benefits, false for a harvester
FROM counted
WHERE (certified OR looks_like_harvester)
  AND n_accounts < @sybil_max_group
  AND n_certified > 0
  AND n_harvesters > 0
ORDER BY ip, certified DESC, user_id
