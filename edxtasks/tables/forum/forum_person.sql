-- Who wrote each post of the forum, and who dealt with its thread, how often and when.
-- Counts are those of the thread: they are the same for all of its posts. Where a learner left no page address for a
-- thread on a date, as with mobile apps and the newer forum, the events edx.forum.* of that date count instead.
-- command: analyze_forum
-- sets: doall
-- grain: username, slug_id
WITH
  -- Actions by learner, thread and date; pages, and events that stand for them where there are none.
  page_actions AS (
    SELECT
      username,
      thread_id,
      DATE(time) AS date,
      CASE
        WHEN forum_action IN ('read', 'read_inline', 'edx.forum.thread.viewed') THEN 'read'
        WHEN forum_action = 'pin' THEN 'pinned'
        WHEN forum_action = 'upvote' THEN 'upvoted'
        WHEN forum_action = 'unvote' THEN 'unvoted'
        ELSE 'followed'
      END AS kind,
      STARTS_WITH(forum_action, 'edx.') AS is_substitute,
      forum_action IN ('read', 'pin', 'upvote', 'unvote', 'follow_thread') AS is_page,
      -- One reading leaves several viewed events.
      IF(forum_action = 'edx.forum.thread.viewed', 1, COUNT(*)) AS n,
      MIN(time) AS first_time,
      MAX(time) AS last_time
    FROM forum_events
    WHERE thread_id IS NOT NULL
      AND forum_action IN (
        'read', 'read_inline', 'edx.forum.thread.viewed', 'pin', 'upvote', 'unvote', 'follow_thread',
        'edx.forum.thread.followed'
      )
    GROUP BY username, thread_id, date, forum_action
  ),
  vote_actions AS (
    SELECT
      username,
      thread_id,
      date,
      IF(is_undone, 'unvoted', 'upvoted') AS kind,
      TRUE AS is_substitute,
      FALSE AS is_page,
      n_votes AS n,
      first_time,
      last_time
    FROM forum_votes_day
  ),
  actions AS (
    SELECT *
    FROM (SELECT * FROM page_actions UNION ALL SELECT * FROM vote_actions)
    WHERE TRUE
    QUALIFY NOT (is_substitute AND LOGICAL_OR(is_page) OVER (PARTITION BY username, thread_id, date, kind))
  ),
  readers AS (
    SELECT
      username,
      thread_id,
      SUM(IF(kind = 'read', n, NULL)) AS n_read,
      SUM(IF(kind = 'pinned', n, NULL)) AS n_pinned,
      SUM(IF(kind = 'upvoted', n, NULL)) AS n_upvoted,
      SUM(IF(kind = 'unvoted', n, NULL)) AS n_unvoted,
      SUM(IF(kind = 'followed', n, NULL)) AS n_followed,
      MIN(first_time) AS first_action,
      MAX(last_time) AS last_action
    FROM actions
    GROUP BY username, thread_id
  ),
  seen AS (
    SELECT
      readers.username,
      forum_posts.slug_id,
      n_read,
      n_pinned,
      n_upvoted,
      n_unvoted,
      n_followed,
      first_action,
      last_action
    FROM readers
    INNER JOIN forum_posts ON forum_posts.thread_id = readers.thread_id
  ),
  written AS (
    SELECT username, slug_id, first_time AS post_time
    FROM forum_posts
    WHERE username != ''
  ),
  dealings AS (
    SELECT
      COALESCE(written.username, seen.username) AS username,
      COALESCE(written.slug_id, seen.slug_id) AS slug_id,
      IF(written.slug_id IS NULL, 0, 1) AS wrote,
      n_read,
      n_pinned,
      n_upvoted,
      n_unvoted,
      n_followed,
      post_time,
      first_action,
      last_action
    FROM written
    FULL JOIN seen ON seen.username = written.username AND seen.slug_id = written.slug_id
  )
SELECT
  dealings.username, -- STRING: who wrote it, or dealt with its thread
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  dealings.slug_id, -- STRING: id of the post
  slug_type, -- STRING: initial_post, response_post or comment
  thread_id, -- STRING: thread that it belongs to
  parent_id, -- STRING: of a comment, id of the response that it is about
  original_poster, -- STRING: who wrote the initial post of the thread
  responded_to, -- STRING: of a comment, who wrote what it is about
  title, -- STRING: title of the thread
  wrote, -- INTEGER: 1 if this person wrote it, else 0
  n_read AS `read`, -- INTEGER: times that this person read the thread; NULL for none
  n_pinned AS pinned, -- INTEGER: times that this person pinned the thread; NULL for none
  n_upvoted AS upvoted, -- INTEGER: votes of this person for the thread; NULL for none
  n_unvoted AS unvoted, -- INTEGER: votes that this person took back; NULL for none
  n_followed AS followed, -- INTEGER: times that this person began to follow the thread; NULL for none
  LEAST(COALESCE(post_time, first_action), COALESCE(first_action, post_time)) AS first_time, -- TIMESTAMP: earliest of the writing and the actions
  GREATEST(COALESCE(post_time, last_action), COALESCE(last_action, post_time)) AS last_time -- TIMESTAMP: latest of these
FROM dealings
INNER JOIN forum_posts ON forum_posts.slug_id = dealings.slug_id
