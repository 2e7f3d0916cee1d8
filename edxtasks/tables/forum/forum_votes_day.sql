-- How often each learner voted on each thread and its responses on each date, and took votes back.
-- From edx.forum.thread.voted and edx.forum.response.voted: whether a vote is taken back stands in their payload alone.
-- command: analyze_forum
-- may be empty: yes
-- sets: doall
-- grain: date, username, thread_id, is_undone
-- partition: date
-- internal: yes
WITH
  votes AS (
    SELECT
      username,
      time,
      -- As in forum_events.
      COALESCE(
        REGEXP_EXTRACT(module_id, r'^[^/]+/[^/]+/forum/([^/]+)$'),
        IF(event_type = 'edx.forum.thread.voted', JSON_VALUE(event, '$.id'), JSON_VALUE(event, '$.discussion.id'))
      ) AS thread_id,
      LOWER(IFNULL(JSON_VALUE(event, '$.undo_vote'), '')) = 'true' AS is_undone
    FROM tracklog
    WHERE username != ''
      AND event_type IN ('edx.forum.thread.voted', 'edx.forum.response.voted')
  )
SELECT
  DATE(time) AS date, -- DATE: UTC date
  username, -- STRING: learner
  thread_id, -- STRING: thread
  is_undone, -- BOOLEAN: whether the votes were taken back
  COUNT(*) AS n_votes, -- INTEGER: such votes
  MIN(time) AS first_time, -- TIMESTAMP: first of them
  MAX(time) AS last_time -- TIMESTAMP: last of them
FROM votes
WHERE thread_id != ''
GROUP BY date, username, thread_id, is_undone
