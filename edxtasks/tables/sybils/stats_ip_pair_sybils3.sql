-- Certified accounts with the harvesters of their answers in the same group of addresses, and these harvesters.
-- A pair of stats_show_ans_before counts where both are in one group, the answer was asked for before in at least
-- 20 % of the common problems, the median delay is less than 50 000 seconds and the times go together. Groups of
-- 10 and more usernames are left out. `table` names another table of groups, with the columns username, ip, grp.
-- command: ip_sybils
-- step: 3 (on request)
-- may be empty: yes
-- grain: grp, username, shadow
-- input courses.uname_ip_groups: from table
WITH
  address_groups AS (
    SELECT DISTINCT username, ip, grp
    FROM courses.uname_ip_groups AS uname_ip_groups
    WHERE grp IS NOT NULL
  ),
  persons AS (
    SELECT
      person_course.username,
      person_course.user_id,
      person_course.ip,
      address_groups.grp,
      person_course.certified,
      stats_attempts_correct.nshow_answer_unique_problems,
      stats_attempts_correct.percent_correct,
      stats_attempts_correct.frac_complete,
      IFNULL(person_course.mode = 'verified', FALSE) AS verified,
      person_course.countryLabel,
      person_course.start_time,
      person_course.last_event,
      person_course.nforum_posts,
      person_course.nprogcheck,
      person_course.nvideo,
      person_course.sum_dt / 86400 AS time_active_in_days,
      person_course.grade
    FROM person_course
    INNER JOIN address_groups ON person_course.username = address_groups.username AND person_course.ip = address_groups.ip
    INNER JOIN stats_attempts_correct ON person_course.user_id = stats_attempts_correct.user_id
    WHERE person_course.username != ''
      AND person_course.ip != ''
  ),
  groups_of_persons AS (
    SELECT person_course.username, address_groups.grp
    FROM person_course
    INNER JOIN address_groups ON person_course.username = address_groups.username AND person_course.ip = address_groups.ip
    WHERE person_course.username != ''
      AND person_course.ip != ''
  ),
  pairs AS (
    SELECT
      masters.grp,
      found.master_candidate,
      found.harvester_candidate,
      found.percent_show_ans_before,
      found.show_ans_before,
      found.median_max_dt_seconds,
      found.norm_pearson_corr,
      found.unnormalized_pearson_corr,
      found.dt_iqr,
      found.dt_std_dev,
      found.percentile75_dt_seconds,
      found.percentile90_dt_seconds,
      found.avg_max_dt_seconds
    FROM stats_show_ans_before AS found
    INNER JOIN groups_of_persons AS masters ON found.master_candidate = masters.username
    INNER JOIN groups_of_persons AS harvesters
      ON found.harvester_candidate = harvesters.username
      AND masters.grp = harvesters.grp
    WHERE found.percent_show_ans_before >= 20
      AND found.median_max_dt_seconds < 50000
      AND found.norm_pearson_corr > 0
  ),
  harvesters AS (
    SELECT DISTINCT grp, harvester_candidate
    FROM pairs
  ),
  both_kinds AS (
    SELECT
      persons.username,
      persons.user_id,
      persons.ip,
      persons.grp,
      persons.certified,
      persons.nshow_answer_unique_problems,
      persons.percent_correct,
      persons.frac_complete,
      persons.verified,
      persons.countryLabel,
      persons.start_time,
      persons.last_event,
      persons.nforum_posts,
      persons.nprogcheck,
      persons.nvideo,
      persons.time_active_in_days,
      persons.grade,
      pairs.harvester_candidate AS harvester,
      pairs.percent_show_ans_before,
      pairs.show_ans_before,
      pairs.median_max_dt_seconds,
      pairs.norm_pearson_corr,
      pairs.unnormalized_pearson_corr,
      pairs.dt_iqr,
      pairs.dt_std_dev,
      pairs.percentile75_dt_seconds,
      pairs.percentile90_dt_seconds,
      pairs.avg_max_dt_seconds
    FROM persons
    INNER JOIN pairs ON persons.username = pairs.master_candidate AND persons.grp = pairs.grp
    WHERE persons.certified
    UNION ALL
    SELECT
      persons.username,
      persons.user_id,
      persons.ip,
      persons.grp,
      persons.certified,
      persons.nshow_answer_unique_problems,
      persons.percent_correct,
      persons.frac_complete,
      persons.verified,
      persons.countryLabel,
      persons.start_time,
      persons.last_event,
      persons.nforum_posts,
      persons.nprogcheck,
      persons.nvideo,
      persons.time_active_in_days,
      persons.grade,
      CAST(NULL AS STRING),
      CAST(NULL AS FLOAT64),
      CAST(NULL AS INT64),
      CAST(NULL AS FLOAT64),
      CAST(NULL AS FLOAT64),
      CAST(NULL AS FLOAT64),
      CAST(NULL AS FLOAT64),
      CAST(NULL AS FLOAT64),
      CAST(NULL AS FLOAT64),
      CAST(NULL AS FLOAT64),
      CAST(NULL AS FLOAT64)
    FROM persons
    INNER JOIN harvesters ON persons.username = harvesters.harvester_candidate AND persons.grp = harvesters.grp
    WHERE NOT persons.certified
      AND persons.percent_correct < 70
  ),
  kept_groups AS (
    SELECT grp, COUNT(DISTINCT username) AS n_usernames
    FROM both_kinds
    GROUP BY grp
    HAVING COUNTIF(certified) > 0
      AND COUNTIF(NOT certified) > 0
      AND COUNT(DISTINCT username) < 10
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  both_kinds.username, -- STRING: username
  both_kinds.user_id, -- INTEGER: account id
  both_kinds.harvester AS shadow, -- STRING: of a certified account the harvester that the row is about; NULL in the row of a harvester
  both_kinds.ip, -- STRING: address of most events
  both_kinds.grp, -- INTEGER: number of the group
  both_kinds.certified, -- BOOLEAN: true for the account that benefits, false for a harvester
  both_kinds.percent_show_ans_before, -- FLOAT: common problems where the harvester asked for the answer before, percent
  both_kinds.show_ans_before, -- INTEGER: their number
  both_kinds.median_max_dt_seconds, -- FLOAT: median time from the answer to the submission, seconds
  both_kinds.norm_pearson_corr, -- FLOAT: correlation of the two times since the problem was first submitted
  both_kinds.unnormalized_pearson_corr, -- FLOAT: correlation of the two times themselves
  both_kinds.nshow_answer_unique_problems, -- INTEGER: different problems whose answer this account asked for
  ROUND(both_kinds.percent_correct, 2) AS percent_correct, -- FLOAT: right answers, percent of the response fields answered, two decimals
  both_kinds.frac_complete, -- FLOAT: problems submitted, as a fraction of the most that a participant submitted
  both_kinds.dt_iqr, -- FLOAT: time from answer to submission: distance of its quartiles, seconds
  both_kinds.dt_std_dev, -- FLOAT: its standard deviation, seconds
  both_kinds.percentile75_dt_seconds, -- FLOAT: its 75th percentile, seconds
  both_kinds.percentile90_dt_seconds, -- FLOAT: its 90th percentile, seconds
  both_kinds.avg_max_dt_seconds, -- FLOAT: its mean, seconds
  both_kinds.verified, -- BOOLEAN: enrolled as verified
  both_kinds.countryLabel, -- STRING: country of the address
  both_kinds.start_time, -- TIMESTAMP: when the learner enrolled
  both_kinds.last_event, -- TIMESTAMP: last event of the learner
  both_kinds.nforum_posts, -- INTEGER: posts in the forum
  both_kinds.nprogcheck, -- INTEGER: views of the progress page
  both_kinds.nvideo, -- INTEGER: videos played
  both_kinds.time_active_in_days, -- FLOAT: time of activity, days of 24 hours
  both_kinds.grade -- FLOAT: grade, 0 to 1
FROM both_kinds
INNER JOIN kept_groups ON both_kinds.grp = kept_groups.grp
ORDER BY both_kinds.grp, certified DESC, username, shadow
