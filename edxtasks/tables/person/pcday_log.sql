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
  -- The moments of a learner and date, in microseconds, are put in order among themselves: to order all events
  -- by learner and time takes twice as long.
  learner_days AS (
    SELECT
      username,
      DATE(time) AS date,
      COUNT(*) AS nevents,
      COUNTIF(is_progress) AS nprogcheck,
      COUNTIF(event_type IN ('show_answer', 'showanswer')) AS nshow_answer,
      COUNTIF(event_type = 'play_video') AS nvideo,
      COUNTIF(event_type = 'problem_check') AS nproblem_check,
      COUNTIF(is_discussion) AS nforum,
      COUNTIF(event_type = 'show_transcript') AS ntranscript,
      COUNTIF(event_type = 'seq_goto') AS nseq_goto,
      COUNTIF(event_type = 'seek_video') AS nseek_video,
      COUNTIF(event_type = 'pause_video') AS npause_video,
      MIN(time) AS first_event,
      MAX(time) AS last_event,
      ARRAY_AGG(UNIX_MICROS(time) ORDER BY UNIX_MICROS(time)) AS moments
    FROM base_events
    GROUP BY username, date
  ),
  -- Microseconds since the learner's event before, on the same date or an earlier one.
  pauses AS (
    SELECT username, date, moment - moments[SAFE_OFFSET(place - 1)] AS pause
    FROM learner_days
    CROSS JOIN UNNEST(moments) AS moment WITH OFFSET AS place
    UNION ALL
    SELECT
      username,
      date,
      TIMESTAMP_DIFF(first_event, LAG(last_event) OVER (PARTITION BY username ORDER BY date), MICROSECOND) AS pause
    FROM learner_days
  ),
  -- A longer pause than 300 s is not a gap.
  counted_gaps AS (
    SELECT username, date, IF(pause <= 300000000, pause, NULL) AS gap
    FROM pauses
  ),
  gaps AS (
    SELECT
      username,
      date,
      SAFE_DIVIDE(SUM(gap), COUNT(gap) * 1000000) AS avg_dt,
      STDDEV_SAMP(gap) / 1000000 AS sdv_dt,
      MAX(gap) / 1000000 AS max_dt,
      COUNT(gap) AS n_dt,
      SUM(gap) / 1000000 AS sum_dt
    FROM counted_gaps
    GROUP BY username, date
  )
SELECT
  learner_days.username, -- STRING: learner
  learner_days.date, -- DATE: UTC date
  nevents, -- INTEGER: named events, calls of block handlers left out
  nprogcheck, -- INTEGER: visits of the progress page
  nshow_answer, -- INTEGER: answers asked for
  nvideo, -- INTEGER: events play_video
  nproblem_check, -- INTEGER: events problem_check, of browser and server both
  nforum, -- INTEGER: visits of pages below the discussion
  ntranscript, -- INTEGER: events show_transcript
  nseq_goto, -- INTEGER: events seq_goto
  nseek_video, -- INTEGER: events seek_video
  npause_video, -- INTEGER: events pause_video
  first_event, -- TIMESTAMP: first event of the date
  last_event, -- TIMESTAMP: last event of the date
  avg_dt, -- FLOAT: mean of the gaps, seconds
  sdv_dt, -- FLOAT: sample standard deviation of the gaps, seconds
  max_dt, -- FLOAT: longest gap, seconds
  IFNULL(n_dt, 0) AS n_dt, -- INTEGER: number of gaps
  sum_dt -- FLOAT: sum of the gaps, seconds
FROM learner_days
LEFT JOIN gaps ON learner_days.username = gaps.username AND learner_days.date = gaps.date
