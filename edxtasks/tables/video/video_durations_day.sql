-- What players said on each date about the length of each video, and how often.
-- command: analyze_videos
-- sets: doall
-- may be empty: yes
-- grain: date, video_id, source, seconds
-- partition: date
-- internal: yes
WITH
  -- Only what is written as a number in JSON is one, also as a text.
  player_events AS (
    SELECT
      DATE(time) AS date,
      event_type,
      TRIM(TRIM(TRIM(JSON_VALUE(event, '$.id')), '"')) AS written_id,
      SAFE_CAST(REGEXP_EXTRACT(JSON_VALUE(event, '$.duration'), r'^\s*(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*$') AS FLOAT64) AS duration,
      COALESCE(
        SAFE_CAST(REGEXP_EXTRACT(JSON_VALUE(event, '$.currentTime'), r'^\s*(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*$') AS FLOAT64),
        SAFE_CAST(REGEXP_EXTRACT(JSON_VALUE(event, '$.current_time'), r'^\s*(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*$') AS FLOAT64)
      ) AS player_time
    FROM tracklog
    WHERE event_type IN ('load_video', 'play_video', 'pause_video', 'stop_video', 'seek_video')
  ),
  lengths AS (
    SELECT date, written_id, 'log_duration' AS source, duration AS length
    FROM player_events
    UNION ALL
    SELECT date, written_id, 'stop_video' AS source, player_time AS length
    FROM player_events
    WHERE event_type = 'stop_video'
  ),
  -- Players also say wild numbers: nothing longer than 10 hours counts.
  rounded AS (
    SELECT
      date,
      written_id,
      source,
      CAST(ROUND(IF(length BETWEEN 0 AND 36000, length, NULL)) AS INT64) AS seconds
    FROM lengths
  ),
  -- Names are found once for all events that say the same.
  counted AS (
    SELECT date, written_id, source, seconds, COUNT(*) AS n
    FROM rounded
    WHERE seconds > 0
    GROUP BY date, written_id, source, seconds
  ),
  -- The name in the id, as in video_stats_day.
  named AS (
    SELECT
      date,
      CASE
        WHEN STRPOS(written_id, '+block@') > 0 THEN REGEXP_EXTRACT(written_id, r'(?s)^.*\+block@(.*)$')
        WHEN STARTS_WITH(written_id, 'i4x://') THEN REGEXP_EXTRACT(SUBSTR(written_id, 7), r'([^/]*)/*$')
        WHEN STARTS_WITH(written_id, 'i4x-') AND REGEXP_CONTAINS(written_id, r'-video(?:alpha)?-')
          THEN REGEXP_EXTRACT(written_id, r'(?s)^.*?-video(?:alpha)?-(.*)$')
        WHEN STARTS_WITH(written_id, 'i4x-') THEN REGEXP_EXTRACT(written_id, r'([^-]*)$')
        ELSE written_id
      END AS name,
      source,
      seconds,
      n
    FROM counted
  ),
  with_ids AS (
    SELECT
      date,
      REGEXP_REPLACE(name, r'[^\p{L}\p{N}-]+', '_') AS video_id,
      source,
      seconds,
      n
    FROM named
  )
SELECT
  date, -- DATE: UTC date
  video_id, -- STRING: video, the name in its id
  source, -- STRING: log_duration: the length that an event says; stop_video: where the video stopped at its end
  seconds, -- INTEGER: length, seconds, more than 0
  SUM(n) AS n -- INTEGER: events that say so
FROM with_ids
WHERE video_id != ''
GROUP BY date, video_id, source, seconds
