-- What each learner did in the forum on each date.
-- command: person_day
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
        'read', 'read_inline', 'created_thread', 'created_response', 'created_comment', 'reply', 'comment_reply'
      )
  )
SELECT
  username, -- STRING: learner
  date, -- DATE: UTC date
  COUNTIF(forum_action IN ('read', 'read_inline')) AS nforum_reads, -- INTEGER: threads read
  -- edX logs a reply twice since March 2015: as an event of its own and as the visit of its page.
  IF(COUNTIF(is_creation) > 0, COUNTIF(is_creation), COUNTIF(is_reply)) AS nforum_posts, -- INTEGER: posts written
  COUNT(DISTINCT thread_id) AS nforum_threads -- INTEGER: different threads read or written in
FROM actions
GROUP BY username, date
