-- As stats_ip_pair_sybils3, with all pairs of stats_show_ans_before in one group, and groups of any size.
-- `listings` names a table or file with the grade from which a certificate is given.
-- command: ip_sybils
-- step: 5 (on request)
-- may be empty: yes
-- grain: grp, username, harvester
-- optional: courses.course_info
-- input courses.course_info: from listings
WITH
  roles AS (
    SELECT grp, master_candidate AS username, harvester_candidate AS harvester
    FROM sybil_pairs
    UNION ALL
    SELECT DISTINCT grp, harvester_candidate, CAST(NULL AS STRING)
    FROM sybil_pairs
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
      AND IF(roles.harvester IS NULL, NOT accounts.certified, accounts.certified)
  ),
  kept_groups AS (
    SELECT grp, COUNT(DISTINCT username) AS n_usernames
    FROM listed
    GROUP BY grp
    HAVING COUNTIF(certified) > 0
      AND COUNTIF(NOT certified) > 0
  ),
  least_grades AS (
    SELECT MIN(min_certifying_grade) AS min_certifying_grade
    FROM courses.course_info AS course_info
    WHERE REPLACE(REGEXP_REPLACE(course_id, r'^course-v1:', ''), '+', '/') = @course_id
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  accounts.user_id, -- INTEGER: account id
  listed.username, -- STRING: username
  listed.harvester, -- STRING: of a certified account the harvester that the row is about; NULL in the row of a harvester
  accounts.ip, -- STRING: address of most events
  listed.grp, -- INTEGER: number of the group
  pairs.show_ans_before, -- INTEGER: their number
  pairs.prob_in_common, -- INTEGER: common problems
  SAFE_DIVIDE(pairs.show_ans_before, pairs.prob_in_common) AS frac_show_ans_before, -- FLOAT: show_ans_before as a fraction of prob_in_common
  pairs.percent_show_ans_before, -- FLOAT: common problems where the harvester asked for the answer before, percent
  accounts.grade, -- FLOAT: grade, 0 to 1
  least_grades.min_certifying_grade, -- FLOAT: grade from which a certificate is given; NULL where nothing tells it
  SAFE_DIVIDE(accounts.grade, least_grades.min_certifying_grade) AS frac_certified, -- FLOAT: grade as a fraction of it
  pairs.median_max_dt_seconds, -- FLOAT: median time from the answer to the submission, seconds
  pairs.norm_pearson_corr, -- FLOAT: correlation of the two times since the problem was first submitted
  accounts.nshow_answer_unique_problems, -- INTEGER: different problems whose answer this account asked for
  ROUND(accounts.percent_correct, 2) AS percent_correct, -- FLOAT: right answers, percent of the response fields answered, two decimals
  accounts.frac_complete, -- FLOAT: problems submitted, as a fraction of the most that a participant submitted
  accounts.certified, -- BOOLEAN: true for the account that benefits, false for a harvester
  accounts.verified, -- BOOLEAN: enrolled as verified
  pairs.dt_iqr, -- FLOAT: time from answer to submission: distance of its quartiles, seconds
  pairs.dt_std_dev, -- FLOAT: its standard deviation, seconds
  pairs.percentile75_dt_seconds, -- FLOAT: its 75th percentile, seconds
  pairs.percentile90_dt_seconds, -- FLOAT: its 90th percentile, seconds
  pairs.avg_max_dt_seconds, -- FLOAT: its mean, seconds
  pairs.unnormalized_pearson_corr, -- FLOAT: correlation of the two times themselves
  kept_groups.n_usernames AS ipcnt, -- INTEGER: usernames of the group
  accounts.countryLabel, -- STRING: country of the address
  accounts.start_time, -- TIMESTAMP: when the learner enrolled
  accounts.last_event, -- TIMESTAMP: last event of the learner
  accounts.nforum_posts, -- INTEGER: posts in the forum
  accounts.nprogcheck, -- INTEGER: views of the progress page
  accounts.nvideo, -- INTEGER: videos played
  accounts.time_active_in_days -- FLOAT: time of activity, days of 24 hours
FROM listed
INNER JOIN kept_groups ON listed.grp = kept_groups.grp
INNER JOIN sybil_accounts AS accounts ON listed.username = accounts.username
LEFT JOIN sybil_pairs AS pairs
  ON listed.grp = pairs.grp
  AND listed.username = pairs.master_candidate
  AND listed.harvester = pairs.harvester_candidate
CROSS JOIN least_grades
ORDER BY listed.grp, accounts.certified DESC, listed.username, listed.harvester
