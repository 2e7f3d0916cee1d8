-- Of the pairs of show_ans_before_sifted those that stand out among all harvesters of the same account.
-- A pair stands out where it is among the best 5 of the account by its likelihood, or among the best 3 by one of
-- its parts, or is a confirmed case. Ties share a place, so of an account whose pairs all have 0 problems at one
-- address all stand out. Sums are of whole microseconds, those of products in parts of 10 seconds.
-- command: ip_sybils
-- step: 3 (on request)
-- may be empty: yes
-- grain: master_id, harvester_id
-- internal: yes
-- optional: show_ans_before_responses, courses.cameo_master
-- input courses.cameo_master: from cameo_master
WITH
  common AS (
    SELECT
      pairs.master_id,
      pairs.harvester_id,
      TIMESTAMP_DIFF(shown.time, solved.first_of_module, MICROSECOND) AS show_since,
      TIMESTAMP_DIFF(solved.time, solved.first_of_module, MICROSECOND) AS solved_since,
      IFNULL(shown.ip = solved.ip, FALSE) AS same_ip
    FROM show_ans_before_sifted AS pairs
    INNER JOIN show_ans_before_checks AS solved ON pairs.master_id = solved.user_id
    INNER JOIN show_ans_before_shows AS shown
      ON pairs.harvester_id = shown.user_id
      AND solved.module_id = shown.module_id
      AND solved.time > shown.after
      AND solved.time <= shown.until
  ),
  common_sums AS (
    SELECT
      master_id,
      harvester_id,
      COUNT(*) AS n,
      COUNTIF(same_ip) AS n_same_ip,
      MIN(show_since) < MAX(show_since) AND MIN(solved_since) < MAX(solved_since) AS varies,
      SUM(DIV(show_since, 10000000)) AS x1,
      SUM(MOD(show_since, 10000000)) AS x0,
      SUM(DIV(solved_since, 10000000)) AS y1,
      SUM(MOD(solved_since, 10000000)) AS y0,
      SUM(DIV(show_since, 10000000) * DIV(show_since, 10000000)) AS xx2,
      SUM(2 * DIV(show_since, 10000000) * MOD(show_since, 10000000)) AS xx1,
      SUM(MOD(show_since, 10000000) * MOD(show_since, 10000000)) AS xx0,
      SUM(DIV(solved_since, 10000000) * DIV(solved_since, 10000000)) AS yy2,
      SUM(2 * DIV(solved_since, 10000000) * MOD(solved_since, 10000000)) AS yy1,
      SUM(MOD(solved_since, 10000000) * MOD(solved_since, 10000000)) AS yy0,
      SUM(DIV(show_since, 10000000) * DIV(solved_since, 10000000)) AS xy2,
      SUM(DIV(show_since, 10000000) * MOD(solved_since, 10000000) + MOD(show_since, 10000000) * DIV(solved_since, 10000000)) AS xy1,
      SUM(MOD(show_since, 10000000) * MOD(solved_since, 10000000)) AS xy0
    FROM common
    GROUP BY master_id, harvester_id
  ),
  common_deviations AS (
    SELECT
      master_id,
      harvester_id,
      n,
      n_same_ip,
      varies,
      n * (xx2 + xx1 / 1e7 + xx0 / 1e14) - (x1 + x0 / 1e7) * (x1 + x0 / 1e7) AS vx,
      n * (yy2 + yy1 / 1e7 + yy0 / 1e14) - (y1 + y0 / 1e7) * (y1 + y0 / 1e7) AS vy,
      n * (xy2 + xy1 / 1e7 + xy0 / 1e14) - (x1 + x0 / 1e7) * (y1 + y0 / 1e7) AS vxy
    FROM common_sums
  ),
  of_common AS (
    SELECT
      master_id,
      harvester_id,
      n,
      n_same_ip,
      IF(varies AND vx > 0 AND vy > 0, LEAST(1.0, GREATEST(-1.0, vxy / SQRT(vx) / SQRT(vy))), NULL) AS norm_corr
    FROM common_deviations
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
    FROM show_ans_before_sifted AS pairs
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
      delay - MIN(delay) OVER (PARTITION BY master_id, harvester_id) AS delay_above_least,
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
      delay_above_least,
      delay_gap,
      show_gap - MIN(show_gap) OVER (PARTITION BY master_id, harvester_id) AS show_gap,
      solved_gap - MIN(solved_gap) OVER (PARTITION BY master_id, harvester_id) AS solved_gap,
      ROW_NUMBER() OVER (PARTITION BY master_id, harvester_id ORDER BY delay, module_number /* total order: one row a problem */) - 1 AS delay_place,
      ROW_NUMBER() OVER (PARTITION BY master_id, harvester_id ORDER BY delay_gap, module_number /* total order: one row a problem */) - 2 AS delay_gap_place,
      ROW_NUMBER() OVER (PARTITION BY master_id, harvester_id ORDER BY show_gap, module_number /* total order: one row a problem */) - 2 AS show_gap_place,
      ROW_NUMBER() OVER (PARTITION BY master_id, harvester_id ORDER BY solved_gap, module_number /* total order: one row a problem */) - 2 AS solved_gap_place
    FROM gaps
  ),
  -- A percentile lies between two values: each value counts by how near its place is.
  delays AS (
    SELECT
      master_id,
      harvester_id,
      n_before,
      COUNTIF(same_ip) AS n_same_ip_before,
      COUNTIF(delay <= 300000000) AS x05m,
      COUNTIF(delay <= 600000000) AS x10m,
      COUNTIF(delay <= 3600000000) AS x01h,
      COUNTIF(delay <= 86400000000) AS x01d,
      COUNTIF(same_ip AND delay <= 300000000) AS x05m_same_ip,
      COUNTIF(same_ip AND delay <= 3600000000) AS x01h_same_ip,
      SUM(delay * GREATEST(0, 100 - ABS(100 * delay_place - 50 * (n_before - 1)))) / 1e8 AS delay_p50,
      SUM(delay * GREATEST(0, 100 - ABS(100 * delay_place - 90 * (n_before - 1)))) / 1e8 AS delay_p90,
      SUM(delay_gap * GREATEST(0, 100 - ABS(100 * delay_gap_place - 95 * (n_before - 2)))) / 1e8 AS delay_gap_p95,
      SUM(DIV(delay_above_least, 10000000)) AS x1,
      SUM(MOD(delay_above_least, 10000000)) AS x0,
      SUM(DIV(delay_above_least, 10000000) * DIV(delay_above_least, 10000000)) AS xx2,
      SUM(2 * DIV(delay_above_least, 10000000) * MOD(delay_above_least, 10000000)) AS xx1,
      SUM(MOD(delay_above_least, 10000000) * MOD(delay_above_least, 10000000)) AS xx0
    FROM placed
    GROUP BY master_id, harvester_id, n_before
  ),
  gap_sums AS (
    SELECT
      shows.master_id,
      shows.harvester_id,
      COUNT(*) AS n,
      MAX(shows.show_gap) > 0 AND MAX(submissions.solved_gap) > 0 AS varies,
      SUM(DIV(shows.show_gap, 10000000)) AS x1,
      SUM(MOD(shows.show_gap, 10000000)) AS x0,
      SUM(DIV(submissions.solved_gap, 10000000)) AS y1,
      SUM(MOD(submissions.solved_gap, 10000000)) AS y0,
      SUM(DIV(shows.show_gap, 10000000) * DIV(shows.show_gap, 10000000)) AS xx2,
      SUM(2 * DIV(shows.show_gap, 10000000) * MOD(shows.show_gap, 10000000)) AS xx1,
      SUM(MOD(shows.show_gap, 10000000) * MOD(shows.show_gap, 10000000)) AS xx0,
      SUM(DIV(submissions.solved_gap, 10000000) * DIV(submissions.solved_gap, 10000000)) AS yy2,
      SUM(2 * DIV(submissions.solved_gap, 10000000) * MOD(submissions.solved_gap, 10000000)) AS yy1,
      SUM(MOD(submissions.solved_gap, 10000000) * MOD(submissions.solved_gap, 10000000)) AS yy0,
      SUM(DIV(shows.show_gap, 10000000) * DIV(submissions.solved_gap, 10000000)) AS xy2,
      SUM(DIV(shows.show_gap, 10000000) * MOD(submissions.solved_gap, 10000000) + MOD(shows.show_gap, 10000000) * DIV(submissions.solved_gap, 10000000)) AS xy1,
      SUM(MOD(shows.show_gap, 10000000) * MOD(submissions.solved_gap, 10000000)) AS xy0
    FROM placed AS shows
    INNER JOIN placed AS submissions
      ON shows.master_id = submissions.master_id
      AND shows.harvester_id = submissions.harvester_id
      AND shows.show_gap_place = submissions.solved_gap_place
    WHERE shows.show_gap_place >= 0
    GROUP BY shows.master_id, shows.harvester_id
  ),
  gap_deviations AS (
    SELECT
      master_id,
      harvester_id,
      varies,
      n * (xx2 + xx1 / 1e7 + xx0 / 1e14) - (x1 + x0 / 1e7) * (x1 + x0 / 1e7) AS vx,
      n * (yy2 + yy1 / 1e7 + yy0 / 1e14) - (y1 + y0 / 1e7) * (y1 + y0 / 1e7) AS vy,
      n * (xy2 + xy1 / 1e7 + xy0 / 1e14) - (x1 + x0 / 1e7) * (y1 + y0 / 1e7) AS vxy
    FROM gap_sums
  ),
  names AS (
    SELECT DISTINCT user_id, username, LOWER(username) AS name
    FROM show_ans_before_checks
    UNION DISTINCT
    SELECT DISTINCT user_id, username, LOWER(username) AS name
    FROM show_ans_before_shows
  ),
  rotations AS (
    SELECT user_id, CONCAT(SUBSTR(name, start + 1), SUBSTR(name, 1, start)) AS rotated
    FROM names
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, LENGTH(name) - 1)) AS start
  ),
  near_pairs AS (
    SELECT delays.master_id, delays.harvester_id, masters.username AS master, harvesters.username AS harvester,
      IF(LENGTH(masters.name) <= LENGTH(harvesters.name), masters.user_id, harvesters.user_id) AS shorter_id,
      IF(LENGTH(masters.name) <= LENGTH(harvesters.name), harvesters.name, masters.name) AS longer
    FROM delays
    INNER JOIN names AS masters ON delays.master_id = masters.user_id
    INNER JOIN names AS harvesters ON delays.harvester_id = harvesters.user_id
    WHERE delays.delay_p50 <= 604800
  ),
  named AS (
    SELECT
      master_id,
      harvester_id,
      master,
      harvester,
      MAX(1 - EDIT_DISTANCE(rotated, longer) / LENGTH(longer)) AS name_similarity
    FROM near_pairs
    INNER JOIN rotations ON near_pairs.shorter_id = rotations.user_id
    GROUP BY master_id, harvester_id, master, harvester
  ),
  confirmed AS (
    SELECT DISTINCT REPLACE(REGEXP_REPLACE(course_id, r'^course-v1:', ''), '+', '/') AS course, username, CH
    FROM courses.cameo_master AS cameo_master
    WHERE course_id IS NOT NULL
  ),
  confirmed_masters AS (
    SELECT username, COUNT(DISTINCT course) AS n_courses
    FROM confirmed
    GROUP BY username
  ),
  confirmed_pairs AS (
    SELECT username, CH, COUNT(DISTINCT course) AS n_courses
    FROM confirmed
    GROUP BY username, CH
  ),
  measures AS (
    SELECT
      named.master_id,
      named.harvester_id,
      named.master,
      named.harvester,
      named.name_similarity,
      IFNULL(confirmed_masters.n_courses, 0) AS n_confirmed,
      IFNULL(confirmed_pairs.n_courses, 0) AS n_confirmed_both,
      of_common.n AS n_common,
      delays.n_before,
      of_common.n_same_ip,
      delays.n_same_ip_before,
      SAFE_DIVIDE(100 * of_common.n_same_ip, of_common.n) AS percent_same_ip,
      SAFE_DIVIDE(100 * delays.n_same_ip_before, delays.n_before) AS percent_same_ip_before,
      of_common.norm_corr,
      IF(
        gap_deviations.varies AND gap_deviations.vx > 0 AND gap_deviations.vy > 0,
        LEAST(1.0, gap_deviations.vxy / SQRT(gap_deviations.vx) / SQRT(gap_deviations.vy)),
        NULL
      ) AS gap_corr,
      x05m,
      x10m,
      x01h,
      x01d,
      x05m_same_ip,
      x01h_same_ip,
      delay_p50,
      delay_p90,
      delay_gap_p95,
      10 * SQRT(
        SAFE_DIVIDE(
          GREATEST(
            0.0,
            delays.n_before * (delays.xx2 + delays.xx1 / 1e7 + delays.xx0 / 1e14)
              - (delays.x1 + delays.x0 / 1e7) * (delays.x1 + delays.x0 / 1e7)
          ),
          delays.n_before * (delays.n_before - 1)
        )
      ) AS delay_deviation,
      responses.n_blank,
      responses.n_most_common_free_response,
      responses.percent_most_common_free_response
    FROM named
    INNER JOIN delays ON named.master_id = delays.master_id AND named.harvester_id = delays.harvester_id
    INNER JOIN of_common ON named.master_id = of_common.master_id AND named.harvester_id = of_common.harvester_id
    INNER JOIN gap_deviations
      ON named.master_id = gap_deviations.master_id AND named.harvester_id = gap_deviations.harvester_id
    LEFT JOIN show_ans_before_responses AS responses ON named.harvester_id = responses.user_id
    LEFT JOIN confirmed_masters ON named.master = confirmed_masters.username
    LEFT JOIN confirmed_pairs ON named.master = confirmed_pairs.username AND named.harvester = confirmed_pairs.CH
  ),
  -- What is not known counts as 0.
  with_likelihood AS (
    SELECT
      *,
      SAFE_DIVIDE(
        (1 + name_similarity)
          * (1 + percent_same_ip)
          * (1.00001 + IFNULL(norm_corr, 0.0))
          * (1 + n_same_ip_before)
          * (1 + x10m)
          * (1 + percent_same_ip_before)
          * (1 + x01h_same_ip)
          * (1 + x05m_same_ip)
          * SAFE_DIVIDE(100 * n_before, n_common)
          * (1.00001 + IFNULL(gap_corr, 0.0))
          * (1 + IFNULL(n_most_common_free_response, 0))
          * (1 + IFNULL(n_blank, 0))
          * (1 + IFNULL(percent_most_common_free_response, 0.0)),
        delay_deviation * delay_gap_p95 * delay_p50
      ) AS likelihood
    FROM measures
  ),
  with_places AS (
    SELECT
      *,
      RANK() OVER (PARTITION BY master_id ORDER BY likelihood DESC) <= 5
      OR RANK() OVER (PARTITION BY master_id ORDER BY x01h DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY x01h_same_ip DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY x05m DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY gap_corr DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY name_similarity DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY norm_corr DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY percent_same_ip_before DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY x01d DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY n_most_common_free_response DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY n_blank DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY percent_most_common_free_response DESC) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY delay_deviation IS NULL, delay_deviation) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY delay_gap_p95 IS NULL, delay_gap_p95) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY delay_p50 IS NULL, delay_p50) <= 3
      OR RANK() OVER (PARTITION BY master_id ORDER BY delay_p90 IS NULL, delay_p90) <= 3
      OR n_confirmed_both > 0 AS stands_out
    FROM with_likelihood
  )
SELECT
  master_id, -- INTEGER: account id of the one that solved
  harvester_id, -- INTEGER: account id of the one that asked for the answers
  master, -- STRING: username of the one that solved
  harvester, -- STRING: username of the one that asked for the answers
  name_similarity, -- FLOAT: likeness of the usernames, 0 to 1
  n_confirmed, -- INTEGER: courses in which the first is a confirmed case
  n_confirmed_both, -- INTEGER: courses in which the pair is one
  n_common, -- INTEGER: problems that one solved at once and of which the other asked for the answer
  n_before, -- INTEGER: those where the answer was asked for before
  n_same_ip, -- INTEGER: common problems where both came from one address
  n_same_ip_before, -- INTEGER: those where the answer was asked for before
  norm_corr, -- FLOAT: correlation of the two times since the problem was first submitted; NULL where they do not vary
  gap_corr, -- FLOAT: correlation of the gaps between successive times, each kind sorted; NULL where they do not vary
  delay_p50, -- FLOAT: median delay from answer to submission, seconds
  delay_p90, -- FLOAT: 90th percentile of the delay, seconds
  delay_gap_p95, -- FLOAT: 95th percentile of the change of the delay from submission to submission, seconds
  delay_deviation, -- FLOAT: standard deviation of the delay, seconds
  likelihood -- FLOAT: product of what speaks for answer sharing, divided by what speaks against it; NULL where this is 0
FROM with_places
WHERE stands_out
