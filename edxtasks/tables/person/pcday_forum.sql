-- What each learner did in the forum on each date.
-- command: person_day
-- sets: doall
-- may be empty: up to 100 rows
-- grain: username, date
-- optional: forum_events
-- partition: date
-- internal: yes
WITH
  actions AS (
    SELECT
      username,
      DATE(time) AS date,
      forum_action,
      thread_id,
      forum_action IN ('created_thread', 'created_response', 'created_comment') AS is_creation,
      forum_action IN ('reply', 'comment_reply') AS is_reply
    FROM forum_events
    WHERE username != ''
      AND forum_action IN (
        'read', 'read_inline', 'created_thread', 'created_response', 'created_comment', 'reply', 'comment_reply',
        'edx.forum.thread.viewed'
      )
  ),
  -- Mobile apps and the newer forum leave no page for a thread that is read, only events that it was viewed. These
  -- stand for one reading of a thread on a date, where no page does.
  thread_views AS (
    SELECT username, date, thread_id
    FROM actions
    WHERE thread_id IS NOT NULL
    GROUP BY username, date, thread_id
    HAVING COUNTIF(forum_action = 'edx.forum.thread.viewed') > 0
      AND COUNTIF(forum_action = 'read') = 0
  ),
  with_views AS (
    SELECT username, date, forum_action, thread_id, is_creation, is_reply
    FROM actions
    WHERE forum_action != 'edx.forum.thread.viewed'
    UNION ALL
    SELECT username, date, 'read' AS forum_action, thread_id, FALSE AS is_creation, FALSE AS is_reply
    FROM thread_views
  )
SELECT
  username, -- STRING: learner
  date, -- DATE: UTC date
  COUNTIF(forum_action IN ('read', 'read_inline')) AS nforum_reads, -- INTEGER: threads read
  -- edX logs a reply twice since March 2015: as an event of its own and as the visit of its page.
  IF(COUNTIF(is_creation) > 0, COUNTIF(is_creation), COUNTIF(is_reply)) AS nforum_posts, -- INTEGER: posts written
  COUNT(DISTINCT thread_id) AS nforum_threads -- INTEGER: different threads read or written in
FROM with_views
GROUP BY username, date
