-- Pairs of a certified account and a shadow that asked for the answers of the same problems shortly before.
-- In a pair the times at which the shadow asked for answers go along with the times at which the other solved the
-- problems, both as deviations from the mean time of the problem: the calendar of the course is taken out.
-- There are many pairs, so that they are sifted first, by sums of whole minutes.
-- command: temporal_fingerprints
-- may be empty: yes
-- grain: CAMEO_username, shadow_username
WITH
  shadows AS (
    SELECT username, user_id, index, time
    FROM show_answer_temporal_fingerprint
    WHERE NOT certified
  ),
  -- Gaps in microseconds.
  before AS (
    SELECT
      solved.username,
      solved.user_id,
      shadows.username AS shadow_username,
      shadows.user_id AS shadow_user_id,
      solved.delta_t_hours,
      CAST(60 * solved.delta_t_hours AS INT64) AS minutes,
      CAST(TIMESTAMP_DIFF(shadows.time, solved.avg_first_check_time, SECOND) / 60 AS INT64) AS shadow_minutes,
      TIMESTAMP_DIFF(shadows.time, solved.avg_first_check_time, MICROSECOND) AS shadow_delta,
      TIMESTAMP_DIFF(solved.time_of_first_check, shadows.time, MICROSECOND) AS gap
    FROM problem_check_temporal_fingerprint AS solved
    INNER JOIN shadows ON solved.index = shadows.index
    WHERE solved.user_id != shadows.user_id
      AND shadows.time < solved.time_of_first_check
  ),
  sums AS (
    SELECT
      user_id,
      shadow_user_id,
      COUNT(*) AS n,
      CAST(SUM(minutes) AS FLOAT64) AS x,
      CAST(SUM(shadow_minutes) AS FLOAT64) AS y,
      CAST(SUM(minutes * minutes) AS FLOAT64) AS xx,
      CAST(SUM(shadow_minutes * shadow_minutes) AS FLOAT64) AS yy,
      CAST(SUM(minutes * shadow_minutes) AS FLOAT64) AS xy
    FROM before
    GROUP BY user_id, shadow_user_id
  ),
  deviations AS (
    SELECT user_id, shadow_user_id, n, n * xx - x * x AS vx, n * yy - y * y AS vy, n * xy - x * y AS vxy
    FROM sums
    WHERE n > @fingerprint_min_pairs
  ),
  -- Where times deviate by less than 10 minutes, whole minutes tell nothing. Else they change a correlation by
  -- less than 0.01.
  candidates AS (
    SELECT user_id, shadow_user_id
    FROM deviations
    WHERE LEAST(vx, vy) < 100.0 * n * n
      OR vxy > (@fingerprint_min_corr - 0.01) * SQRT(GREATEST(vx, 0.0)) * SQRT(GREATEST(vy, 0.0))
  ),
  pairs AS (
    SELECT
      username,
      before.user_id,
      shadow_username,
      before.shadow_user_id,
      COUNT(*) AS n,
      CORR(delta_t_hours, CAST(shadow_delta AS FLOAT64)) AS correlation,
      SUM(DIV(gap, 1000000)) AS gap_seconds,
      SUM(MOD(gap, 1000000)) AS gap_microseconds
    FROM before
    INNER JOIN candidates
      ON before.user_id = candidates.user_id AND before.shadow_user_id = candidates.shadow_user_id
    GROUP BY username, before.user_id, shadow_username, before.shadow_user_id
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  pairs.username AS CAMEO_username, -- STRING: the certified account
  pairs.shadow_username, -- STRING: the account that asked for the answers
  pairs.user_id AS CAMEO_uid, -- INTEGER: account id of the certified one
  pairs.shadow_user_id AS shadow_uid, -- INTEGER: account id of the other
  pairs.correlation AS fpt_pearson_corr, -- FLOAT: correlation of their times, as deviations from the mean time of each problem
  pairs.n AS n_show_answer_times, -- INTEGER: problems whose answer the shadow asked for before the other solved them
  (pairs.gap_seconds + pairs.gap_microseconds / 1000000) / (60 * pairs.n) AS avg_dt_show_answer_to_problem_check_in_min, -- FLOAT: mean time between the two, minutes
  stats_attempts_correct.percent_correct AS CAMEO_percent_correct, -- FLOAT: right answers of the certified account, percent
  stats_attempts_correct.frac_complete AS CAMEO_frac_complete -- FLOAT: problems that it submitted, as a fraction of the most of anybody
FROM pairs
INNER JOIN stats_attempts_correct ON pairs.user_id = stats_attempts_correct.user_id
WHERE NOT IS_NAN(pairs.correlation)
  AND pairs.correlation > @fingerprint_min_corr
ORDER BY fpt_pearson_corr DESC, CAMEO_uid, shadow_uid
