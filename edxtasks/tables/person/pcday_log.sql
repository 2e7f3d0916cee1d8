-- What each learner did on each UTC date, counted from the tracking log alone.
-- command: person_day
-- sets: doall
-- may be empty: up to 100 rows
-- grain: username, date
-- partition: date
-- lookback: 300 seconds
-- internal: yes
WITH
  -- Named events of the course that are no calls of block handlers; gaps lie between these. A unit opened in
  -- the learning micro-frontend (/xblock/KEY without handler) is a page view like any other.
  base_events AS (
    SELECT
      username,
      time,
      event_type,
      STARTS_WITH(event_type, CONCAT('/courses/', @course_id, '/progress'))
        OR STARTS_WITH(event_type, CONCAT('/courses/', @course_key, '/progress')) AS is_progress,
      STARTS_WITH(event_type, CONCAT('/courses/', @course_id, '/discussion/'))
        OR STARTS_WITH(event_type, CONCAT('/courses/', @course_key, '/discussion/')) AS is_discussion
    FROM tracklog
    WHERE username != ''
      AND event_type IS NOT NULL
      AND NOT (STRPOS(event_type, '/xblock/') > 0 AND REGEXP_CONTAINS(event_type, r'(?s)/xblock/.*/handler'))
      AND time > TIMESTAMP '2010-10-01 01:02:03 UTC'
  ),
  -- Microseconds since the learner's event before; a longer pause than 300 s is not a gap.
  gaps AS (
    SELECT
      username,
      time,
      event_type,
      is_progress,
      is_discussion,
      TIMESTAMP_DIFF(time, LAG(time) OVER (PARTITION BY username ORDER BY time /* total order: only time is read, ties are 0 apart */), MICROSECOND) AS pause
    FROM base_events
  ),
  counted_gaps AS (
    SELECT
      username,
      time,
      event_type,
      is_progress,
      is_discussion,
      IF(pause <= 300000000, pause, NULL) AS gap
    FROM gaps
  )
SELECT
  username, -- STRING: learner
  DATE(time) AS date, -- DATE: UTC date
  COUNT(*) AS nevents, -- INTEGER: named events, calls of block handlers left out
  COUNTIF(is_progress) AS nprogcheck, -- INTEGER: visits of the progress page
  COUNTIF(event_type IN ('show_answer', 'showanswer')) AS nshow_answer, -- INTEGER: answers asked for
  COUNTIF(event_type = 'play_video') AS nvideo, -- INTEGER: events play_video
  COUNTIF(event_type = 'problem_check') AS nproblem_check, -- INTEGER: events problem_check, of browser and server both
  COUNTIF(is_discussion) AS nforum, -- INTEGER: visits of pages below the discussion
  COUNTIF(event_type = 'show_transcript') AS ntranscript, -- INTEGER: events show_transcript
  COUNTIF(event_type = 'seq_goto') AS nseq_goto, -- INTEGER: events seq_goto
  COUNTIF(event_type = 'seek_video') AS nseek_video, -- INTEGER: events seek_video
  COUNTIF(event_type = 'pause_video') AS npause_video, -- INTEGER: events pause_video
  MIN(time) AS first_event, -- TIMESTAMP: first event of the date
  MAX(time) AS last_event, -- TIMESTAMP: last event of the date
  SAFE_DIVIDE(SUM(gap), COUNT(gap) * 1000000) AS avg_dt, -- FLOAT: mean of the gaps, seconds
  STDDEV_SAMP(gap) / 1000000 AS sdv_dt, -- FLOAT: sample standard deviation of the gaps, seconds
  MAX(gap) / 1000000 AS max_dt, -- FLOAT: longest gap, seconds
  COUNT(gap) AS n_dt, -- INTEGER: number of gaps
  SUM(gap) / 1000000 AS sum_dt -- FLOAT: sum of the gaps, seconds
FROM counted_gaps
GROUP BY username, date
