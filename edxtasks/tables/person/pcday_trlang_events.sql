-- When each learner chose a language of transcripts, or downloaded one: what pcday_trlang_counts counts.
-- command: pcday_trlang
-- may be empty: yes
-- sets: doall
-- grain: username, time, event_type
-- partition: date
-- internal: yes
SELECT
  username, -- STRING: learner
  DATE(time) AS date, -- DATE: UTC date
  time, -- TIMESTAMP: when
  event_type, -- STRING: address of the choice, or edx.ui.lms.link_clicked for a download
  STRPOS(event_type, '/transcript/translation/') > 0 AS is_choice, -- BOOLEAN: whether a language was chosen
  REGEXP_EXTRACT(event_type, r'(?s)^.*/handler/transcript/translation/(.*)$') AS language, -- STRING: language code that was chosen; NULL for a download, and where the address names none
  COUNT(*) AS n_events -- INTEGER: such events at this time
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
GROUP BY username, date, time, event_type, is_choice, language
