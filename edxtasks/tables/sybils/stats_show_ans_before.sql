-- Pairs of accounts of which one asked for the answers of problems before the other solved them.
-- A harvester asked for the answers of at least 10 problems, a master solved at least 10 at the first submission;
-- neither need be certified. Pairs have at least 10 such problems and a median delay of at most 7 days; of each
-- master those are kept that stand out (show_ans_before_pairs).
-- command: ip_sybils
-- step: 3 (on request)
-- may be empty: yes
-- grain: master_candidate, harvester_candidate
-- optional: show_ans_before_responses
-- check more_than_10_registrants (warning, table): (SELECT COUNT(*) FROM person_course) > 10
WITH
  of_times AS (
    SELECT
      master_id,
      harvester_id,
      CORR(CAST(show_time AS FLOAT64), CAST(solved_time AS FLOAT64)) AS correlation
    FROM (
    SELECT
        pairs.master_id,
        pairs.harvester_id,
        TIMESTAMP_DIFF(shown.time, solved.first_of_all, MICROSECOND) AS show_time,
        TIMESTAMP_DIFF(solved.time, solved.first_of_all, MICROSECOND) AS solved_time
      FROM show_ans_before_pairs AS pairs
      INNER JOIN show_ans_before_checks AS solved ON pairs.master_id = solved.user_id
      INNER JOIN show_ans_before_shows AS shown
        ON pairs.harvester_id = shown.user_id
        AND solved.module_id = shown.module_id
        AND solved.time > shown.after
        AND solved.time <= shown.until
    )
    GROUP BY master_id, harvester_id
  ),
  before AS (
    SELECT
      pairs.master_id,
      pairs.harvester_id,
      pairs.n_before,
      solved.module_number,
      TIMESTAMP_DIFF(shown.time, solved.first_of_all, MICROSECOND) AS show_time,
      TIMESTAMP_DIFF(solved.time, solved.first_of_all, MICROSECOND) AS solved_time,
      TIMESTAMP_DIFF(solved.time, shown.time, MICROSECOND) AS delay,
      IFNULL(shown.ip = solved.ip, FALSE) AS same_ip
    FROM show_ans_before_pairs AS pairs
    INNER JOIN show_ans_before_checks AS solved ON pairs.master_id = solved.user_id
    INNER JOIN show_ans_before_shows AS shown
      ON pairs.harvester_id = shown.user_id
      AND solved.module_id = shown.module_id
      AND solved.time > shown.after
      AND solved.time <= shown.until
    WHERE shown.time < solved.time
  ),
  gaps AS (
    SELECT
      master_id,
      harvester_id,
      n_before,
      module_number,
      same_ip,
      delay,
      show_time - LAG(show_time) OVER (PARTITION BY master_id, harvester_id ORDER BY show_time, module_number /* total order: one row a problem */) AS show_gap,
      solved_time - LAG(solved_time) OVER (PARTITION BY master_id, harvester_id ORDER BY solved_time, module_number /* total order: one row a problem */) AS solved_gap,
      ABS(delay - LAG(delay) OVER (PARTITION BY master_id, harvester_id ORDER BY solved_time, module_number /* total order: one row a problem */)) AS delay_gap
    FROM before
  ),
  -- Places count from 0; of each kind of gap one is NULL and comes first.
  placed AS (
    SELECT
      master_id,
      harvester_id,
      n_before,
      same_ip,
      delay,
      delay_gap,
      show_gap,
      solved_gap,
      ROW_NUMBER() OVER (PARTITION BY master_id, harvester_id ORDER BY delay, module_number /* total order: one row a problem */) - 1 AS delay_place,
      ROW_NUMBER() OVER (PARTITION BY master_id, harvester_id ORDER BY delay_gap, module_number /* total order: one row a problem */) - 2 AS delay_gap_place,
      ROW_NUMBER() OVER (PARTITION BY master_id, harvester_id ORDER BY show_gap, module_number /* total order: one row a problem */) - 2 AS show_gap_place,
      ROW_NUMBER() OVER (PARTITION BY master_id, harvester_id ORDER BY solved_gap, module_number /* total order: one row a problem */) - 2 AS solved_gap_place
    FROM gaps
  ),
  -- A percentile lies between two values: each value counts by how near its place is.
  of_delays AS (
    SELECT
      master_id,
      harvester_id,
      COUNTIF(delay <= 15000000) AS x15s,
      COUNTIF(delay <= 30000000) AS x30s,
      COUNTIF(delay <= 60000000) AS x01m,
      COUNTIF(delay <= 300000000) AS x05m,
      COUNTIF(delay <= 600000000) AS x10m,
      COUNTIF(delay <= 1800000000) AS x30m,
      COUNTIF(delay <= 3600000000) AS x01h,
      COUNTIF(delay <= 86400000000) AS x01d,
      COUNTIF(delay <= 259200000000) AS x03d,
      COUNTIF(delay <= 432000000000) AS x05d,
      COUNTIF(same_ip AND delay <= 15000000) AS x15s_same_ip,
      COUNTIF(same_ip AND delay <= 30000000) AS x30s_same_ip,
      COUNTIF(same_ip AND delay <= 60000000) AS x01m_same_ip,
      COUNTIF(same_ip AND delay <= 300000000) AS x05m_same_ip,
      COUNTIF(same_ip AND delay <= 600000000) AS x10m_same_ip,
      COUNTIF(same_ip AND delay <= 1800000000) AS x30m_same_ip,
      COUNTIF(same_ip AND delay <= 3600000000) AS x01h_same_ip,
      COUNTIF(same_ip AND delay <= 86400000000) AS x01d_same_ip,
      COUNTIF(same_ip AND delay <= 259200000000) AS x03d_same_ip,
      COUNTIF(same_ip AND delay <= 432000000000) AS x05d_same_ip,
      SUM(delay * GREATEST(0, 100 - ABS(100 * delay_place - 25 * (n_before - 1)))) / 1e8 AS delay_p25,
      SUM(delay * GREATEST(0, 100 - ABS(100 * delay_place - 75 * (n_before - 1)))) / 1e8 AS delay_p75,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 5 * (n_before - 2)))) / 1e8 AS dt_dt_p05,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 10 * (n_before - 2)))) / 1e8 AS dt_dt_p10,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 15 * (n_before - 2)))) / 1e8 AS dt_dt_p15,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 20 * (n_before - 2)))) / 1e8 AS dt_dt_p20,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 25 * (n_before - 2)))) / 1e8 AS dt_dt_p25,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 30 * (n_before - 2)))) / 1e8 AS dt_dt_p30,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 35 * (n_before - 2)))) / 1e8 AS dt_dt_p35,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 40 * (n_before - 2)))) / 1e8 AS dt_dt_p40,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 45 * (n_before - 2)))) / 1e8 AS dt_dt_p45,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 50 * (n_before - 2)))) / 1e8 AS dt_dt_p50,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 55 * (n_before - 2)))) / 1e8 AS dt_dt_p55,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 60 * (n_before - 2)))) / 1e8 AS dt_dt_p60,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 65 * (n_before - 2)))) / 1e8 AS dt_dt_p65,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 70 * (n_before - 2)))) / 1e8 AS dt_dt_p70,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 75 * (n_before - 2)))) / 1e8 AS dt_dt_p75,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 80 * (n_before - 2)))) / 1e8 AS dt_dt_p80,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 85 * (n_before - 2)))) / 1e8 AS dt_dt_p85,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 90 * (n_before - 2)))) / 1e8 AS dt_dt_p90,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 95 * (n_before - 2)))) / 1e8 AS dt_dt_p95,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 5 * (n_before - 2)))) / 1e8 AS sa_dt_p05,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 10 * (n_before - 2)))) / 1e8 AS sa_dt_p10,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 15 * (n_before - 2)))) / 1e8 AS sa_dt_p15,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 20 * (n_before - 2)))) / 1e8 AS sa_dt_p20,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 30 * (n_before - 2)))) / 1e8 AS sa_dt_p30,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 40 * (n_before - 2)))) / 1e8 AS sa_dt_p40,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 45 * (n_before - 2)))) / 1e8 AS sa_dt_p45,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 50 * (n_before - 2)))) / 1e8 AS sa_dt_p50,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 55 * (n_before - 2)))) / 1e8 AS sa_dt_p55,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 60 * (n_before - 2)))) / 1e8 AS sa_dt_p60,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 70 * (n_before - 2)))) / 1e8 AS sa_dt_p70,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 80 * (n_before - 2)))) / 1e8 AS sa_dt_p80,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 85 * (n_before - 2)))) / 1e8 AS sa_dt_p85,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 90 * (n_before - 2)))) / 1e8 AS sa_dt_p90,
      SUM(show_gap * GREATEST(0, 100 - ABS(100 * show_gap_place - 95 * (n_before - 2)))) / 1e8 AS sa_dt_p95,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 5 * (n_before - 2)))) / 1e8 AS ca_dt_p05,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 10 * (n_before - 2)))) / 1e8 AS ca_dt_p10,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 15 * (n_before - 2)))) / 1e8 AS ca_dt_p15,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 20 * (n_before - 2)))) / 1e8 AS ca_dt_p20,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 30 * (n_before - 2)))) / 1e8 AS ca_dt_p30,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 40 * (n_before - 2)))) / 1e8 AS ca_dt_p40,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 45 * (n_before - 2)))) / 1e8 AS ca_dt_p45,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 50 * (n_before - 2)))) / 1e8 AS ca_dt_p50,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 55 * (n_before - 2)))) / 1e8 AS ca_dt_p55,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 60 * (n_before - 2)))) / 1e8 AS ca_dt_p60,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 70 * (n_before - 2)))) / 1e8 AS ca_dt_p70,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 80 * (n_before - 2)))) / 1e8 AS ca_dt_p80,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 85 * (n_before - 2)))) / 1e8 AS ca_dt_p85,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 90 * (n_before - 2)))) / 1e8 AS ca_dt_p90,
      SUM(solved_gap * GREATEST(0, 100 - ABS(100 * solved_gap_place - 95 * (n_before - 2)))) / 1e8 AS ca_dt_p95,
      SUM(DIV(delay, 1000000)) AS delay_seconds,
      SUM(MOD(delay, 1000000)) AS delay_microseconds,
      SUM(IF(solved_gap != 0, CAST(solved_gap - show_gap AS FLOAT64) * (solved_gap - show_gap) / solved_gap / 1e6, NULL)) AS chi_squared,
      CORR(CAST(show_gap AS FLOAT64), CAST(solved_gap AS FLOAT64)) AS gap_correlation
    FROM placed
    GROUP BY master_id, harvester_id
  ),
  in_order AS (
    SELECT
      shows.master_id,
      shows.harvester_id,
      SUM(
        IF(
          submissions.solved_gap != 0,
          CAST(submissions.solved_gap - shows.show_gap AS FLOAT64) * (submissions.solved_gap - shows.show_gap)
            / submissions.solved_gap / 1e6,
          NULL
        )
      ) AS chi_squared
    FROM placed AS shows
    INNER JOIN placed AS submissions
      ON shows.master_id = submissions.master_id
      AND shows.harvester_id = submissions.harvester_id
      AND shows.show_gap_place = submissions.solved_gap_place
    WHERE shows.show_gap_place >= 0
    GROUP BY shows.master_id, shows.harvester_id
  ),
  masters AS (
    SELECT user_id, COUNT(*) AS n_right
    FROM show_ans_before_checks
    GROUP BY user_id
  ),
  attempts AS (
    SELECT username, COUNT(*) AS n
    FROM (
      SELECT DISTINCT username, module_id, attempts
      FROM problem_check
      CROSS JOIN cameo_cutoff_time
      WHERE module_id IS NOT NULL
        AND (cutoff IS NULL OR time < cutoff)
    )
    GROUP BY username
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  pairs.master AS master_candidate, -- STRING: username of the account that may have been helped: it solved the problems
  pairs.harvester AS harvester_candidate, -- STRING: username of the account that may have helped: it asked for their answers
  pairs.name_similarity AS name_similarity, -- FLOAT: likeness of the usernames, 1 for the same letters, also turned round in a circle, 0 for nothing in common
  pairs.delay_p50 AS median_max_dt_seconds, -- FLOAT: median time from the answer that one asked for to the submission of the other, seconds
  SAFE_DIVIDE(100 * pairs.n_before, pairs.n_common) AS percent_show_ans_before, -- FLOAT: common problems where the answer was asked for before, percent
  pairs.n_before AS show_ans_before, -- INTEGER: their number
  SAFE_DIVIDE(100 * masters.n_right, attempts.n) AS percent_attempts_correct, -- FLOAT: first submissions of the master that were right, in percent of all attempts
  pairs.n_confirmed AS ncameo, -- INTEGER: courses in which the master is a confirmed case
  pairs.n_confirmed_both AS ncameo_both, -- INTEGER: courses in which the pair is one
  of_delays.x15s AS x15s, -- INTEGER: submissions at most 15 seconds after the answer
  of_delays.x30s AS x30s, -- INTEGER: submissions at most 30 seconds after the answer
  of_delays.x01m AS x01m, -- INTEGER: submissions at most a minute after the answer
  of_delays.x05m AS x05m, -- INTEGER: submissions at most 5 minutes after the answer
  of_delays.x10m AS x10m, -- INTEGER: submissions at most 10 minutes after the answer
  of_delays.x30m AS x30m, -- INTEGER: submissions at most half an hour after the answer
  of_delays.x01h AS x01h, -- INTEGER: submissions at most an hour after the answer
  of_delays.x01d AS x01d, -- INTEGER: submissions at most a day after the answer
  of_delays.x03d AS x03d, -- INTEGER: submissions at most 3 days after the answer
  of_delays.x05d AS x05d, -- INTEGER: submissions at most 5 days after the answer
  of_delays.x15s_same_ip AS x15s_same_ip, -- INTEGER: those of them where both came from one address
  of_delays.x30s_same_ip AS x30s_same_ip, -- INTEGER: those of them where both came from one address
  of_delays.x01m_same_ip AS x01m_same_ip, -- INTEGER: those of them where both came from one address
  of_delays.x05m_same_ip AS x05m_same_ip, -- INTEGER: those of them where both came from one address
  of_delays.x10m_same_ip AS x10m_same_ip, -- INTEGER: those of them where both came from one address
  of_delays.x30m_same_ip AS x30m_same_ip, -- INTEGER: those of them where both came from one address
  of_delays.x01h_same_ip AS x01h_same_ip, -- INTEGER: those of them where both came from one address
  of_delays.x01d_same_ip AS x01d_same_ip, -- INTEGER: those of them where both came from one address
  of_delays.x03d_same_ip AS x03d_same_ip, -- INTEGER: those of them where both came from one address
  of_delays.x05d_same_ip AS x05d_same_ip, -- INTEGER: those of them where both came from one address
  100 * pairs.n_before / masters.n_right AS percent_correct_using_show_answer, -- FLOAT: problems where the answer was asked for before, in percent of those that the master solved at once
  masters.n_right AS ncorrect, -- INTEGER: problems that the master solved at once
  of_delays.sa_dt_p50 AS sa_dt_p50, -- FLOAT: answers asked for one after the other, 50th percentile of the time between, seconds
  of_delays.sa_dt_p90 AS sa_dt_p90, -- FLOAT: answers asked for one after the other, 90th percentile of the time between, seconds
  of_delays.ca_dt_p50 AS ca_dt_p50, -- FLOAT: submissions one after the other, 50th percentile of the time between, seconds
  of_delays.ca_dt_p90 AS ca_dt_p90, -- FLOAT: submissions one after the other, 90th percentile of the time between, seconds
  in_order.chi_squared AS sa_ca_dt_chi_sq_ordered, -- FLOAT: chi squared of the two kinds of gaps, each sorted
  of_delays.chi_squared AS sa_ca_dt_chi_squared, -- FLOAT: the same of the gaps before each problem
  pairs.gap_corr AS sa_ca_dt_corr_ordered, -- FLOAT: correlation of the two kinds of gaps, each sorted; NULL where they do not vary
  IF(IS_NAN(of_delays.gap_correlation), NULL, of_delays.gap_correlation) AS sa_ca_dt_correlation, -- FLOAT: the same of the gaps before each problem
  1 - ABS(SAFE.LN(SAFE_DIVIDE(of_delays.sa_dt_p90, of_delays.ca_dt_p90))) AS northcutt_ratio, -- FLOAT: how alike the 90th percentiles of both kinds of gaps are: 1 for equal, less the more they differ; NULL where one is 0
  pairs.n_same_ip AS nsame_ip, -- INTEGER: common problems where both came from one address
  pairs.n_same_ip_before AS nsame_ip_given_sab, -- INTEGER: those of them where the answer was asked for before
  SAFE_DIVIDE(100 * pairs.n_same_ip_before, pairs.n_before) AS percent_same_ip_given_sab, -- FLOAT: in percent of the problems where the answer was asked for before
  SAFE_DIVIDE(100 * pairs.n_same_ip, pairs.n_common) AS percent_same_ip, -- FLOAT: nsame_ip in percent of the common problems
  pairs.n_common AS prob_in_common, -- INTEGER: problems that the master solved at once and of which the harvester asked for the answer
  SAFE_DIVIDE(of_delays.delay_seconds + of_delays.delay_microseconds / 1000000, pairs.n_before) AS avg_max_dt_seconds, -- FLOAT: mean time from answer to submission, seconds
  pairs.norm_corr AS norm_pearson_corr, -- FLOAT: correlation of the two times since the problem was first submitted by anybody, over common problems; NULL where they do not vary
  IF(IS_NAN(of_times.correlation), NULL, of_times.correlation) AS unnormalized_pearson_corr, -- FLOAT: correlation of the two times themselves
  of_delays.delay_p75 - of_delays.delay_p25 AS dt_iqr, -- FLOAT: time from answer to submission: distance of its quartiles, seconds
  pairs.delay_deviation AS dt_std_dev, -- FLOAT: its standard deviation, seconds
  pairs.delay_p90 AS percentile90_dt_seconds, -- FLOAT: its 90th percentile, seconds
  of_delays.delay_p75 AS percentile75_dt_seconds, -- FLOAT: its 75th percentile, seconds
  master_persons.ip AS modal_ip, -- STRING: address of most events of the master
  harvester_persons.ip AS CH_modal_ip, -- STRING: address of most events of the harvester
  7958.75 * ASIN(
    LEAST(
      1.0,
      SQRT(
        POW(SIN((harvester_persons.latitude - master_persons.latitude) * ACOS(-1.0) / 360), 2)
          + COS(master_persons.latitude * ACOS(-1.0) / 180)
            * COS(harvester_persons.latitude * ACOS(-1.0) / 180)
            * POW(SIN((harvester_persons.longitude - master_persons.longitude) * ACOS(-1.0) / 360), 2)
      )
    )
  ) AS mile_dist_between_modal_ips, -- FLOAT: distance of the places of these addresses, miles; NULL where one is not known
  responses.n_blank AS CH_nblank_fr_submissions, -- INTEGER: response fields that the harvester left blank; NULL without any answer
  responses.most_common_free_response AS CH_most_common_free_response, -- STRING: free answer that the harvester gave most often, as JSON text
  responses.n_most_common_free_response AS CH_mcfr_cnt, -- INTEGER: how often
  responses.percent_most_common_free_response AS CH_mcfr_percent_of_users_free_responses, -- FLOAT: in percent of the free answers
  responses.most_common_choice AS CH_most_common_multiple_choice_answer, -- STRING: choice that the harvester made most often, as JSON text
  responses.n_most_common_choice AS CH_mcmc_cnt, -- INTEGER: how often
  responses.percent_most_common_choice AS CH_mcmc_percent_of_users_multiple_choice, -- FLOAT: in percent of the choices
  of_delays.dt_dt_p05 AS dt_dt_p05, -- FLOAT: change of the time from answer to submission, from one submission to the next, 5th percentile, seconds
  of_delays.dt_dt_p10 AS dt_dt_p10, -- FLOAT: change of the time from answer to submission, from one submission to the next, 10th percentile, seconds
  of_delays.dt_dt_p15 AS dt_dt_p15, -- FLOAT: change of the time from answer to submission, from one submission to the next, 15th percentile, seconds
  of_delays.dt_dt_p20 AS dt_dt_p20, -- FLOAT: change of the time from answer to submission, from one submission to the next, 20th percentile, seconds
  of_delays.dt_dt_p25 AS dt_dt_p25, -- FLOAT: change of the time from answer to submission, from one submission to the next, 25th percentile, seconds
  of_delays.dt_dt_p30 AS dt_dt_p30, -- FLOAT: change of the time from answer to submission, from one submission to the next, 30th percentile, seconds
  of_delays.dt_dt_p35 AS dt_dt_p35, -- FLOAT: change of the time from answer to submission, from one submission to the next, 35th percentile, seconds
  of_delays.dt_dt_p40 AS dt_dt_p40, -- FLOAT: change of the time from answer to submission, from one submission to the next, 40th percentile, seconds
  of_delays.dt_dt_p45 AS dt_dt_p45, -- FLOAT: change of the time from answer to submission, from one submission to the next, 45th percentile, seconds
  of_delays.dt_dt_p50 AS dt_dt_p50, -- FLOAT: change of the time from answer to submission, from one submission to the next, 50th percentile, seconds
  of_delays.dt_dt_p55 AS dt_dt_p55, -- FLOAT: change of the time from answer to submission, from one submission to the next, 55th percentile, seconds
  of_delays.dt_dt_p60 AS dt_dt_p60, -- FLOAT: change of the time from answer to submission, from one submission to the next, 60th percentile, seconds
  of_delays.dt_dt_p65 AS dt_dt_p65, -- FLOAT: change of the time from answer to submission, from one submission to the next, 65th percentile, seconds
  of_delays.dt_dt_p70 AS dt_dt_p70, -- FLOAT: change of the time from answer to submission, from one submission to the next, 70th percentile, seconds
  of_delays.dt_dt_p75 AS dt_dt_p75, -- FLOAT: change of the time from answer to submission, from one submission to the next, 75th percentile, seconds
  of_delays.dt_dt_p80 AS dt_dt_p80, -- FLOAT: change of the time from answer to submission, from one submission to the next, 80th percentile, seconds
  of_delays.dt_dt_p85 AS dt_dt_p85, -- FLOAT: change of the time from answer to submission, from one submission to the next, 85th percentile, seconds
  of_delays.dt_dt_p90 AS dt_dt_p90, -- FLOAT: change of the time from answer to submission, from one submission to the next, 90th percentile, seconds
  of_delays.dt_dt_p95 AS dt_dt_p95, -- FLOAT: change of the time from answer to submission, from one submission to the next, 95th percentile, seconds
  of_delays.sa_dt_p05 AS sa_dt_p05, -- FLOAT: answers asked for one after the other, 5th percentile of the time between, seconds
  of_delays.sa_dt_p10 AS sa_dt_p10, -- FLOAT: answers asked for one after the other, 10th percentile of the time between, seconds
  of_delays.sa_dt_p15 AS sa_dt_p15, -- FLOAT: answers asked for one after the other, 15th percentile of the time between, seconds
  of_delays.sa_dt_p20 AS sa_dt_p20, -- FLOAT: answers asked for one after the other, 20th percentile of the time between, seconds
  of_delays.sa_dt_p30 AS sa_dt_p30, -- FLOAT: answers asked for one after the other, 30th percentile of the time between, seconds
  of_delays.sa_dt_p40 AS sa_dt_p40, -- FLOAT: answers asked for one after the other, 40th percentile of the time between, seconds
  of_delays.sa_dt_p45 AS sa_dt_p45, -- FLOAT: answers asked for one after the other, 45th percentile of the time between, seconds
  of_delays.sa_dt_p55 AS sa_dt_p55, -- FLOAT: answers asked for one after the other, 55th percentile of the time between, seconds
  of_delays.sa_dt_p60 AS sa_dt_p60, -- FLOAT: answers asked for one after the other, 60th percentile of the time between, seconds
  of_delays.sa_dt_p70 AS sa_dt_p70, -- FLOAT: answers asked for one after the other, 70th percentile of the time between, seconds
  of_delays.sa_dt_p80 AS sa_dt_p80, -- FLOAT: answers asked for one after the other, 80th percentile of the time between, seconds
  of_delays.sa_dt_p85 AS sa_dt_p85, -- FLOAT: answers asked for one after the other, 85th percentile of the time between, seconds
  of_delays.sa_dt_p95 AS sa_dt_p95, -- FLOAT: answers asked for one after the other, 95th percentile of the time between, seconds
  of_delays.ca_dt_p05 AS ca_dt_p05, -- FLOAT: submissions one after the other, 5th percentile of the time between, seconds
  of_delays.ca_dt_p10 AS ca_dt_p10, -- FLOAT: submissions one after the other, 10th percentile of the time between, seconds
  of_delays.ca_dt_p15 AS ca_dt_p15, -- FLOAT: submissions one after the other, 15th percentile of the time between, seconds
  of_delays.ca_dt_p20 AS ca_dt_p20, -- FLOAT: submissions one after the other, 20th percentile of the time between, seconds
  of_delays.ca_dt_p30 AS ca_dt_p30, -- FLOAT: submissions one after the other, 30th percentile of the time between, seconds
  of_delays.ca_dt_p40 AS ca_dt_p40, -- FLOAT: submissions one after the other, 40th percentile of the time between, seconds
  of_delays.ca_dt_p45 AS ca_dt_p45, -- FLOAT: submissions one after the other, 45th percentile of the time between, seconds
  of_delays.ca_dt_p55 AS ca_dt_p55, -- FLOAT: submissions one after the other, 55th percentile of the time between, seconds
  of_delays.ca_dt_p60 AS ca_dt_p60, -- FLOAT: submissions one after the other, 60th percentile of the time between, seconds
  of_delays.ca_dt_p70 AS ca_dt_p70, -- FLOAT: submissions one after the other, 70th percentile of the time between, seconds
  of_delays.ca_dt_p80 AS ca_dt_p80, -- FLOAT: submissions one after the other, 80th percentile of the time between, seconds
  of_delays.ca_dt_p85 AS ca_dt_p85, -- FLOAT: submissions one after the other, 85th percentile of the time between, seconds
  of_delays.ca_dt_p95 AS ca_dt_p95, -- FLOAT: submissions one after the other, 95th percentile of the time between, seconds
  pairs.likelihood AS cheating_likelihood -- FLOAT: product of what speaks for answer sharing, divided by what speaks against it; NULL where this is 0
FROM show_ans_before_pairs AS pairs
INNER JOIN of_delays ON pairs.master_id = of_delays.master_id AND pairs.harvester_id = of_delays.harvester_id
INNER JOIN of_times ON pairs.master_id = of_times.master_id AND pairs.harvester_id = of_times.harvester_id
INNER JOIN in_order ON pairs.master_id = in_order.master_id AND pairs.harvester_id = in_order.harvester_id
INNER JOIN masters ON pairs.master_id = masters.user_id
LEFT JOIN attempts ON pairs.master = attempts.username
LEFT JOIN person_course AS master_persons ON pairs.master_id = master_persons.user_id
LEFT JOIN person_course AS harvester_persons ON pairs.harvester_id = harvester_persons.user_id
LEFT JOIN show_ans_before_responses AS responses ON pairs.harvester_id = responses.user_id
ORDER BY master_candidate, cheating_likelihood DESC, harvester_candidate
