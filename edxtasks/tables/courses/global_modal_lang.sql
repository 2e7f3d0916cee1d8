-- The transcript language that each learner used most over all chosen courses.
-- command: report
-- step: 13 global_modal_lang
-- sets: weekly
-- scope: group
-- grain: username
-- files: global_modal_lang.csv
WITH
  languages AS (
    SELECT username, resource_event_data, SUM(langcount) AS langcount, MAX(last_time) AS last_time
    FROM pcday_trlang_counts
    WHERE resource_event_data != ''
    GROUP BY username, resource_event_data
  )
SELECT
  username, -- STRING: learner; usernames of all courses are one name space
  resource_event_data AS modal_language, -- STRING: language of most events; in a tie the one used last, then the least code
  langcount, -- INTEGER: events in it
  COUNT(*) OVER (PARTITION BY username) AS n_different_lang -- INTEGER: different languages
FROM languages
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY username ORDER BY langcount DESC, last_time DESC, resource_event_data) = 1
ORDER BY username
