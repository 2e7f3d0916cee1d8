-- In which languages each learner read or downloaded transcripts of videos on each date.
-- command: pcday_trlang
-- grain: username, date, resource_event_data, resource_event_type
-- partition: date
-- lookback: all
WITH
  transcript_events AS (
    SELECT
      username,
      time,
      event_type,
      event,
      STRPOS(event_type, '/transcript/translation/') > 0 AS is_choice,
      REGEXP_EXTRACT(event_type, r'(?s)^.*/handler/transcript/translation/(.*)$') AS language
    FROM tracklog
    WHERE username != ''
      AND time > TIMESTAMP '2010-10-01 01:02:03 UTC'
      AND (
        STRPOS(event_type, '/transcript/translation/') > 0
        OR (
          event_type = 'edx.ui.lms.link_clicked'
          AND STRPOS(JSON_VALUE(event, '$.target_url'), 'handler/transcript/download') > 0
        )
      )
  ),
  -- A download has no language of its own: it is in the one that the learner chose last before it.
  with_earlier_choice AS (
    SELECT
      username,
      time,
      is_choice,
      language,
      LAST_VALUE(language IGNORE NULLS) OVER (
        PARTITION BY username
        ORDER BY time, event_type, event /* total order: events equal in all three have the same language */
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS earlier_language
    FROM transcript_events
  ),
  resource_events AS (
    SELECT
      username,
      time,
      IF(is_choice, language, IFNULL(earlier_language, 'en')) AS resource_event_data,
      IF(is_choice, 'transcript_language', 'transcript_download') AS resource_event_type
    FROM with_earlier_choice
  )
SELECT
  username, -- STRING: learner
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  DATE(time) AS date, -- DATE: UTC date
  MAX(time) AS last_time, -- TIMESTAMP: last such event
  'video' AS resource, -- STRING: always video
  resource_event_data, -- STRING: language code; NULL where the address names none
  resource_event_type, -- STRING: transcript_language (chosen) or transcript_download
  COUNT(*) AS langcount -- INTEGER: events
FROM resource_events
GROUP BY username, date, resource_event_data, resource_event_type
