-- Certified accounts with the harvesters of their answers in the same group of addresses, and these harvesters.
-- A pair of stats_show_ans_before counts where both are in one group, the answer was asked for before in at least
-- 20 % of the common problems, the median delay is less than 50 000 seconds and the times go together. Groups of
-- 10 and more usernames are left out.
-- command: ip_sybils
-- step: 3 (on request)
-- may be empty: yes
-- grain: grp, username, shadow
WITH
  kept AS (
    SELECT grp, master_candidate, harvester_candidate
    FROM sybil_pairs
    WHERE percent_show_ans_before >= 20
      AND median_max_dt_seconds < 50000
      AND norm_pearson_corr > 0
  ),
  roles AS (
    SELECT grp, master_candidate AS username, harvester_candidate AS harvester
    FROM kept
    UNION ALL
    SELECT DISTINCT grp, harvester_candidate, CAST(NULL AS STRING)
    FROM kept
  ),
  listed AS (
    SELECT
      roles.grp,
      roles.username,
      roles.harvester,
      accounts.certified
    FROM roles
    INNER JOIN sybil_accounts AS accounts ON roles.username = accounts.username
    WHERE accounts.has_answers
      AND IF(roles.harvester IS NULL, NOT accounts.certified AND accounts.percent_correct < 70, accounts.certified)
  ),
  kept_groups AS (
    SELECT grp
    FROM listed
    GROUP BY grp
    HAVING COUNTIF(certified) > 0
      AND COUNTIF(NOT certified) > 0
      AND COUNT(DISTINCT username) < 10
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  listed.username, -- STRING: username
  accounts.user_id, -- INTEGER: account id
  listed.harvester AS shadow, -- STRING: of a certified account the harvester that the row is about; NULL in the row of a harvester
  accounts.ip, -- STRING: address of most events
  listed.grp, -- INTEGER: number of the group
  accounts.certified, -- BOOLEAN: true for the account that benefits, false for a harvester
  pairs.percent_show_ans_before, -- FLOAT: common problems where the harvester asked for the answer before, percent
  pairs.show_ans_before, -- INTEGER: their number
  pairs.median_max_dt_seconds, -- FLOAT: median time from the answer to the submission, seconds
  pairs.norm_pearson_corr, -- FLOAT: correlation of the two times since the problem was first submitted
  pairs.unnormalized_pearson_corr, -- FLOAT: correlation of the two times themselves
  accounts.nshow_answer_unique_problems, -- INTEGER: different problems whose answer this account asked for
  ROUND(accounts.percent_correct, 2) AS percent_correct, -- FLOAT: right answers, percent of the response fields answered, two decimals
  accounts.frac_complete, -- FLOAT: problems submitted, as a fraction of the most that a participant submitted
  pairs.dt_iqr, -- FLOAT: time from answer to submission: distance of its quartiles, seconds
  pairs.dt_std_dev, -- FLOAT: its standard deviation, seconds
  pairs.percentile75_dt_seconds, -- FLOAT: its 75th percentile, seconds
  pairs.percentile90_dt_seconds, -- FLOAT: its 90th percentile, seconds
  pairs.avg_max_dt_seconds, -- FLOAT: its mean, seconds
  accounts.verified, -- BOOLEAN: enrolled as verified
  accounts.countryLabel, -- STRING: country of the address
  accounts.start_time, -- TIMESTAMP: when the learner enrolled
  accounts.last_event, -- TIMESTAMP: last event of the learner
  accounts.nforum_posts, -- INTEGER: posts in the forum
  accounts.nprogcheck, -- INTEGER: views of the progress page
  accounts.nvideo, -- INTEGER: videos played
  accounts.time_active_in_days, -- FLOAT: time of activity, days of 24 hours
  accounts.grade -- FLOAT: grade, 0 to 1
FROM listed
INNER JOIN kept_groups ON listed.grp = kept_groups.grp
INNER JOIN sybil_accounts AS accounts ON listed.username = accounts.username
LEFT JOIN sybil_pairs AS pairs
  ON listed.grp = pairs.grp
  AND listed.username = pairs.master_candidate
  AND listed.harvester = pairs.harvester_candidate
ORDER BY listed.grp, accounts.certified DESC, listed.username, shadow
