-- Seconds that each learner spent on each date, in all and by kind of activity.
-- Time is the gap between two events of a learner, where it is shorter than a time-out of 5 minutes or of
-- 30 minutes; it belongs to the date of the later event. The total_ columns of a kind count gaps between events of that kind and
-- overlap; the serial_ columns give each gap between events of any kind to the kind of the later one.
-- command: time_task
-- sets: doall
-- may be empty: up to 100 rows
-- grain: date, username
-- partition: date
-- constants: timeout_short 5, timeout_long 30
-- lookback: @timeout_long minutes
-- variant: time_on_task_config
-- stands with: just_do_totals
-- check time_fits_the_date (error): total_time_30 < 24 * 3600 + 60 * @timeout_long
-- check short_gaps_are_gaps (error): total_time_5 <= total_time_30
WITH
  -- Named events that are no calls of block handlers.
  acts AS (
    SELECT
      username,
      time,
      event_type,
      REGEXP_CONTAINS(event_type, r'[A-Za-z0-9_]_(?:video|transcript)') AS is_video,
      REGEXP_CONTAINS(event_type, r'problem_[A-Za-z0-9_]') AS is_problem,
      STARTS_WITH(event_type, 'edx.forum.')
        OR REGEXP_CONTAINS(event_type, r'/discussion/(?:forum|threads|comments)') AS is_forum,
      STARTS_WITH(event_type, 'textbook.') OR STRPOS(event_type, '/wiki/') > 0 AS is_text
    FROM tracklog
    WHERE username != ''
      AND event_type IS NOT NULL
      AND NOT (STRPOS(event_type, '/xblock/') > 0 AND REGEXP_CONTAINS(event_type, r'(?s)/xblock/.*/handler'))
  ),
  -- Times by kind, NULL for an event that is not of the kind.
  timed AS (
    SELECT
      username,
      time,
      event_type,
      IF(is_video, time, NULL) AS video_time,
      IF(is_problem, time, NULL) AS problem_time,
      IF(is_forum, time, NULL) AS forum_time,
      IF(is_text, time, NULL) AS text_time,
      IF(is_video OR is_problem OR is_forum OR is_text, time, NULL) AS kind_time
    FROM acts
  ),
  -- The event before: of any sort, of the same kind, of any kind. Events alike in time and type are of the same kinds.
  with_before AS (
    SELECT
      username,
      time,
      video_time,
      problem_time,
      forum_time,
      text_time,
      LAG(time) OVER in_order /* total order: events alike in time and type are of the same kinds */ AS time_before,
      MAX(video_time) OVER earlier /* total order: events alike in time and type are of the same kinds */ AS video_before,
      MAX(problem_time) OVER earlier /* total order: events alike in time and type are of the same kinds */ AS problem_before,
      MAX(forum_time) OVER earlier /* total order: events alike in time and type are of the same kinds */ AS forum_before,
      MAX(text_time) OVER earlier /* total order: events alike in time and type are of the same kinds */ AS text_before,
      MAX(kind_time) OVER earlier /* total order: events alike in time and type are of the same kinds */ AS kind_before
    FROM timed
    WINDOW
      in_order AS (PARTITION BY username ORDER BY time, event_type),
      earlier AS (PARTITION BY username ORDER BY time, event_type ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  ),
  -- Gaps in microseconds.
  gaps AS (
    SELECT
      username,
      DATE(time) AS date,
      TIMESTAMP_DIFF(time, time_before, MICROSECOND) AS gap,
      TIMESTAMP_DIFF(video_time, video_before, MICROSECOND) AS video_gap,
      TIMESTAMP_DIFF(problem_time, problem_before, MICROSECOND) AS problem_gap,
      TIMESTAMP_DIFF(forum_time, forum_before, MICROSECOND) AS forum_gap,
      TIMESTAMP_DIFF(text_time, text_before, MICROSECOND) AS text_gap,
      TIMESTAMP_DIFF(video_time, kind_before, MICROSECOND) AS serial_video_gap,
      TIMESTAMP_DIFF(problem_time, kind_before, MICROSECOND) AS serial_problem_gap,
      TIMESTAMP_DIFF(forum_time, kind_before, MICROSECOND) AS serial_forum_gap,
      TIMESTAMP_DIFF(text_time, kind_before, MICROSECOND) AS serial_text_gap
    FROM with_before
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  date, -- DATE: UTC date
  username, -- STRING: learner
  SUM(IF(gap < @timeout_short * 60000000, gap, NULL)) / 1000000 AS total_time_5, -- FLOAT: gaps shorter than 5 minutes, seconds; NULL if none
  SUM(IF(gap < @timeout_long * 60000000, gap, NULL)) / 1000000 AS total_time_30, -- FLOAT: gaps shorter than 30 minutes, seconds
  SUM(IF(video_gap < @timeout_short * 60000000, video_gap, NULL)) / 1000000 AS total_video_time_5, -- FLOAT: gaps between video events, shorter than 5 minutes, seconds
  SUM(IF(video_gap < @timeout_long * 60000000, video_gap, NULL)) / 1000000 AS total_video_time_30, -- FLOAT: gaps between video events, shorter than 30 minutes, seconds
  SUM(IF(serial_video_gap < @timeout_long * 60000000, serial_video_gap, NULL)) / 1000000 AS serial_video_time_30, -- FLOAT: gaps before video events since an event of any kind, shorter than 30 minutes, seconds
  SUM(IF(problem_gap < @timeout_short * 60000000, problem_gap, NULL)) / 1000000 AS total_problem_time_5, -- FLOAT: gaps between problem events, shorter than 5 minutes, seconds
  SUM(IF(problem_gap < @timeout_long * 60000000, problem_gap, NULL)) / 1000000 AS total_problem_time_30, -- FLOAT: gaps between problem events, shorter than 30 minutes, seconds
  SUM(IF(serial_problem_gap < @timeout_long * 60000000, serial_problem_gap, NULL)) / 1000000 AS serial_problem_time_30, -- FLOAT: gaps before problem events since an event of any kind, shorter than 30 minutes, seconds
  SUM(IF(forum_gap < @timeout_short * 60000000, forum_gap, NULL)) / 1000000 AS total_forum_time_5, -- FLOAT: gaps between forum events, shorter than 5 minutes, seconds
  SUM(IF(forum_gap < @timeout_long * 60000000, forum_gap, NULL)) / 1000000 AS total_forum_time_30, -- FLOAT: gaps between forum events, shorter than 30 minutes, seconds
  SUM(IF(serial_forum_gap < @timeout_long * 60000000, serial_forum_gap, NULL)) / 1000000 AS serial_forum_time_30, -- FLOAT: gaps before forum events since an event of any kind, shorter than 30 minutes, seconds
  SUM(IF(text_gap < @timeout_short * 60000000, text_gap, NULL)) / 1000000 AS total_text_time_5, -- FLOAT: gaps between textbook and wiki events, shorter than 5 minutes, seconds
  SUM(IF(text_gap < @timeout_long * 60000000, text_gap, NULL)) / 1000000 AS total_text_time_30, -- FLOAT: gaps between textbook and wiki events, shorter than 30 minutes, seconds
  SUM(IF(serial_text_gap < @timeout_long * 60000000, serial_text_gap, NULL)) / 1000000 AS serial_text_time_30 -- FLOAT: gaps before textbook and wiki events since an event of any kind, shorter than 30 minutes, seconds
FROM gaps
GROUP BY date, username
HAVING COUNTIF(gap < @timeout_long * 60000000) > 0
