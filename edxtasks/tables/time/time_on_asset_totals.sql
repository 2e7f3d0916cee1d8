-- Seconds that learners spent on each module: means, medians, totals, of all and of the certified.
-- Of the learners with events problem_check; a date of a learner counts when it has a gap below 5 minutes.
-- command: time_asset
-- may be empty: up to 100 rows
-- grain: module_id
-- optional: person_course
-- check certified_are_learners (error): n_unique_certified <= n_unique_users
-- check short_gaps_are_gaps (warning): total_tmid5 <= total_tmid30 + 0.001
WITH
  learners AS (
    SELECT username, IFNULL(certified, FALSE) AS certified
    FROM person_course
    WHERE nproblem_check > 0
  ),
  learner_modules AS (
    SELECT
      time_on_asset_daily.module_id,
      time_on_asset_daily.username,
      learners.certified,
      SUM(time_umid5) AS t5,
      SUM(time_umid30) AS t30
    FROM time_on_asset_daily
    INNER JOIN learners ON time_on_asset_daily.username = learners.username
    WHERE time_umid5 IS NOT NULL
    GROUP BY time_on_asset_daily.module_id, time_on_asset_daily.username, learners.certified
  ),
  with_medians AS (
    SELECT
      module_id,
      username,
      t5,
      t30,
      IF(certified, t5, NULL) AS cert_t5,
      IF(certified, t30, NULL) AS cert_t30,
      certified,
      PERCENTILE_CONT(t5, 0.5) OVER (PARTITION BY module_id) AS median_t5,
      PERCENTILE_CONT(IF(certified, t5, NULL), 0.5) OVER (PARTITION BY module_id) AS cert_median_t5,
      PERCENTILE_CONT(t30, 0.5) OVER (PARTITION BY module_id) AS median_t30,
      PERCENTILE_CONT(IF(certified, t30, NULL), 0.5) OVER (PARTITION BY module_id) AS cert_median_t30
    FROM learner_modules
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  module_id, -- STRING: module id
  COUNT(*) AS n_unique_users, -- INTEGER: learners
  COUNTIF(certified) AS n_unique_certified, -- INTEGER: of these, certified
  AVG(t5) AS mean_tmid5, -- FLOAT: mean of their time with gaps below 5 minutes, seconds
  AVG(cert_t5) AS cert_mean_tmid5, -- FLOAT: the same of the certified; NULL without any
  AVG(t30) AS mean_tmid30, -- FLOAT: mean with gaps below 30 minutes, seconds
  AVG(cert_t30) AS cert_mean_tmid30, -- FLOAT: the same of the certified
  MAX(median_t5) AS median_tmid5, -- FLOAT: median with gaps below 5 minutes, seconds
  MAX(cert_median_t5) AS cert_median_tmid5, -- FLOAT: the same of the certified
  MAX(median_t30) AS median_tmid30, -- FLOAT: median with gaps below 30 minutes, seconds
  MAX(cert_median_t30) AS cert_median_tmid30, -- FLOAT: the same of the certified
  SUM(t5) AS total_tmid5, -- FLOAT: sum with gaps below 5 minutes, seconds
  SUM(cert_t5) AS cert_total_tmid5, -- FLOAT: the same of the certified
  SUM(t30) AS total_tmid30, -- FLOAT: sum with gaps below 30 minutes, seconds
  SUM(cert_t30) AS cert_total_tmid30 -- FLOAT: the same of the certified
FROM with_medians
GROUP BY module_id
