-- When each certified learner first and last solved each problem, and how long before or after the mean of all.
-- The mean is taken in whole microseconds since the first of these times.
-- command: temporal_fingerprints
-- may be empty: yes
-- grain: index, username
WITH
  solved AS (
    SELECT username, module_id, MIN(time) AS first_time, MAX(time) AS last_time
    FROM problem_check
    WHERE success = 'correct'
      AND username != ''
      AND module_id IS NOT NULL
      AND time IS NOT NULL
    GROUP BY username, module_id
  ),
  certified_learners AS (
    SELECT username, user_id
    FROM person_course
    WHERE certified
      AND username != ''
  ),
  solved_in_order AS (
    SELECT
      solved.username,
      certified_learners.user_id,
      course_axis.index,
      first_time,
      last_time,
      MIN(first_time) OVER (PARTITION BY course_axis.index) AS origin
    FROM solved
    INNER JOIN certified_learners ON solved.username = certified_learners.username
    INNER JOIN course_axis ON solved.module_id = course_axis.module_id
    WHERE course_axis.category = 'problem'
  ),
  since_origin AS (
    SELECT
      username,
      user_id,
      index,
      first_time,
      last_time,
      origin,
      TIMESTAMP_DIFF(first_time, origin, MICROSECOND) AS since
    FROM solved_in_order
  ),
  -- Seconds and the rest of them are added apart, so that no sum is too large.
  sums AS (
    SELECT
      username,
      user_id,
      index,
      first_time,
      last_time,
      origin,
      since,
      COUNT(*) OVER (PARTITION BY index) AS n,
      SUM(DIV(since, 1000000)) OVER (PARTITION BY index) AS seconds,
      SUM(MOD(since, 1000000)) OVER (PARTITION BY index) AS microseconds
    FROM since_origin
  ),
  -- The mean is `whole` microseconds after the origin, and `part` / n of one.
  means AS (
    SELECT
      username,
      user_id,
      index,
      first_time,
      last_time,
      origin,
      since,
      n,
      DIV(seconds, n) * 1000000 + DIV(MOD(seconds, n) * 1000000 + microseconds, n) AS whole,
      MOD(MOD(seconds, n) * 1000000 + microseconds, n) AS part
    FROM sums
  )
SELECT
  username, -- STRING: learner
  user_id, -- INTEGER: account id of the learner
  index, -- INTEGER: place of the problem in the course
  first_time AS time_of_first_check, -- TIMESTAMP: first correct submission
  last_time AS time_of_last_check, -- TIMESTAMP: last correct submission
  TIMESTAMP_ADD(origin, INTERVAL whole MICROSECOND) AS avg_first_check_time, -- TIMESTAMP: mean of the first ones over the certified, cut to the microsecond
  (since - whole - part / n) / 3600000000 AS delta_t_hours -- FLOAT: first correct submission after that mean, hours; negative before it
FROM means
