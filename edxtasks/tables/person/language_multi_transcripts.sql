-- The transcript languages of each learner, and how much each was used.
-- command: person_course
-- may be empty: yes
-- sets: doall
-- grain: username, resource_event_data
WITH
  languages AS (
    SELECT
      username,
      resource_event_data,
      COUNTIF(resource_event_type = 'transcript_download') AS transcript_download,
      SUM(langcount) AS n_events,
      MAX(last_time) AS last_time_used_lang
    FROM pcday_trlang_counts
    WHERE resource_event_data IS NOT NULL
    GROUP BY username, resource_event_data
  )
SELECT
  username, -- STRING: learner
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  'video' AS resource, -- STRING: always video
  resource_event_data, -- STRING: language code
  transcript_download, -- INTEGER: days with downloads in this language
  n_events, -- INTEGER: events in this language
  last_time_used_lang, -- TIMESTAMP: last event in this language
  COUNT(*) OVER (PARTITION BY username) AS n_diff_lang, -- INTEGER: different languages of the learner
  RANK() OVER (PARTITION BY username ORDER BY n_events DESC) AS rank_num -- INTEGER: rank by events; ties share one
FROM languages
