-- In which languages each learner read or downloaded transcripts of videos on each date.
-- command: pcday_trlang
-- may be empty: yes
-- sets: doall
-- grain: username, date, resource_event_data, resource_event_type
-- partition: date
-- lookback: all
WITH
  -- A download has no language of its own: it is in the one that the learner chose last before it.
  with_earlier_choice AS (
    SELECT
      username,
      time,
      is_choice,
      language,
      n_events,
      LAST_VALUE(language IGNORE NULLS) OVER (
        PARTITION BY username
        ORDER BY time, event_type
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS earlier_language
    FROM pcday_trlang_events
  ),
  resource_events AS (
    SELECT
      username,
      time,
      n_events,
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
  SUM(n_events) AS langcount -- INTEGER: events
FROM resource_events
GROUP BY username, date, resource_event_data, resource_event_type
