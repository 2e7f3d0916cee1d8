-- How far each learner got in each video on each date.
-- From events play_video, pause_video and stop_video, of browser and mobile apps. A learner who operated a video has
-- a row, also where no event says the position.
-- command: analyze_videos
-- sets: doall
-- may be empty: yes
-- grain: date, username, video_id
-- partition: date
WITH
  -- Only what is written as a number in JSON is one, also as a text.
  player_events AS (
    SELECT
      DATE(time) AS date,
      username,
      TRIM(TRIM(TRIM(JSON_VALUE(event, '$.id')), '"')) AS written_id,
      COALESCE(
        SAFE_CAST(REGEXP_EXTRACT(JSON_VALUE(event, '$.currentTime'), r'^\s*(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*$') AS FLOAT64),
        SAFE_CAST(REGEXP_EXTRACT(JSON_VALUE(event, '$.current_time'), r'^\s*(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*$') AS FLOAT64)
      ) AS player_time,
      SAFE_CAST(REGEXP_EXTRACT(JSON_VALUE(event, '$.speed'), r'^\s*(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*$') AS FLOAT64) AS speed
    FROM tracklog
    WHERE event_type IN ('play_video', 'pause_video', 'stop_video')
      AND username != ''
  ),
  positions AS (
    SELECT
      date,
      username,
      written_id,
      -- Events with a speed come from players with a file for each speed: their clock is that of the faster file.
      -- Bounds only keep the product of wild numbers finite.
      IF(player_time BETWEEN 0 AND 1e9, player_time, NULL) * IF(speed > 0 AND NOT IS_INF(speed), LEAST(speed, 1e9), 1.0) AS position
    FROM player_events
  ),
  -- Names are found once for all events of a learner with the same id.
  furthest AS (
    SELECT
      date,
      username,
      written_id,
      MAX(IF(position BETWEEN 0 AND 36000, position, NULL)) AS position
    FROM positions
    GROUP BY date, username, written_id
  ),
  -- The name in the id: of a block key, an i4x URL, the HTML id of an i4x video, or the id as it is.
  named AS (
    SELECT
      date,
      username,
      CASE
        WHEN STRPOS(written_id, '+block@') > 0 THEN REGEXP_EXTRACT(written_id, r'(?s)^.*\+block@(.*)$')
        WHEN STARTS_WITH(written_id, 'i4x://') THEN REGEXP_EXTRACT(SUBSTR(written_id, 7), r'([^/]*)/*$')
        WHEN STARTS_WITH(written_id, 'i4x-') AND REGEXP_CONTAINS(written_id, r'-video(?:alpha)?-')
          THEN REGEXP_EXTRACT(written_id, r'(?s)^.*?-video(?:alpha)?-(.*)$')
        WHEN STARTS_WITH(written_id, 'i4x-') THEN REGEXP_EXTRACT(written_id, r'([^-]*)$')
        ELSE written_id
      END AS name,
      position
    FROM furthest
  ),
  -- Web pages write an id with _ for every character that is not a letter, number, _ or -.
  with_ids AS (
    SELECT
      date,
      username,
      REGEXP_REPLACE(name, r'[^\p{L}\p{N}-]+', '_') AS video_id,
      position
    FROM named
  )
SELECT
  date, -- DATE: UTC date
  username, -- STRING: learner
  video_id, -- STRING: video, the name in its id
  MAX(position) AS position -- FLOAT: furthest position, seconds; NULL where no event says one from 0 to 10 hours
FROM with_ids
WHERE video_id != ''
GROUP BY date, username, video_id
