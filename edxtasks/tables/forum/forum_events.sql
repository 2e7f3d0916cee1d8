-- What learners did in the forum: reading, writing, voting, following, searching.
-- Pages of the classic forum (/courses/…/discussion/…) and events edx.forum.*. Classic pages since 2015 leave both.
-- Of the actions, and of the places where a thread is named, the first that fits counts.
-- command: analyze_forum
-- may be empty: yes
-- sets: doall
-- grain: event of the log
-- partition: time
WITH
  forum_lines AS (
    SELECT
      time,
      username,
      event_type,
      event,
      module_id,
      event_struct.query AS search_query,
      event_struct.GET AS query_parameters
    FROM tracklog
    WHERE username != ''
      AND event IS NOT NULL
      AND REGEXP_CONTAINS(
        event_type,
        r'^edx\.forum\.|/discussion/(?:forum|threads|comments)|(?:list|add|remove)(?:-forum-|_forum_)|update_forum_'
      )
  )
SELECT
  time, -- TIMESTAMP: when
  username, -- STRING: who
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  COALESCE(
    REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/discussion/threads/[^/]+/(reply|upvote|unvote|update|delete|close)'),
    CONCAT(REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/discussion/threads/[^/]+/(follow|unfollow)'), '_thread'),
    REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/discussion/threads/[^/]+/(pin|unpin|downvote)'),
    CONCAT('comment_', REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/discussion/comments/[^/]+/(reply|upvote|update|unvote|delete)')),
    CASE
      WHEN REGEXP_CONTAINS(event_type, r'(?s)/courses/.*/discussion/forum/users/[^/]+/followed') THEN 'follow_user'
      WHEN REGEXP_CONTAINS(event_type, r'(?s)/courses/.*/discussion/forum/users/[^/]+$') THEN 'target_user'
      WHEN REGEXP_CONTAINS(event_type, r'(?s)/courses/.*/discussion/forum/[^/]+/threads/[^/]+') THEN 'read'
      WHEN REGEXP_CONTAINS(event_type, r'(?s)/courses/.*/discussion/forum/[^/]+/inline') THEN 'read_inline'
      WHEN REGEXP_CONTAINS(event_type, r'(?s)/courses/.*/discussion/forum/search') THEN 'search'
      WHEN REGEXP_CONTAINS(event_type, r'(?s)/courses/.*/discussion/forum/?$') THEN 'enter_forum'
    END,
    REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/instructor/api/(.+)$'),
    CASE event_type
      WHEN 'edx.forum.thread.created' THEN 'created_thread'
      WHEN 'edx.forum.response.created' THEN 'created_response'
      WHEN 'edx.forum.comment.created' THEN 'created_comment'
      WHEN 'edx.forum.searched' THEN 'searched'
    END,
    event_type
  ) AS forum_action, -- STRING: what was done; the type of the event where it has no name of its own
  COALESCE(
    REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/discussion/forum/[^/]+/threads/([^/]+)'),
    REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/discussion/threads/([^/]+)/'),
    REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/discussion/comments/([^/]+)/'),
    REGEXP_EXTRACT(module_id, r'^[^/]+/[^/]+/forum/([^/]+)$'),
    NULLIF(
      CASE
        WHEN STARTS_WITH(event_type, 'edx.forum.thread.') THEN JSON_VALUE(event, '$.id')
        WHEN REGEXP_CONTAINS(event_type, r'^edx\.forum\.(?:response|comment)\.') THEN JSON_VALUE(event, '$.discussion.id')
      END,
      ''
    )
  ) AS thread_id, -- STRING: thread; of a page about a response or comment the id of that; NULL where nothing names it
  REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/forum/([^/]+)/') AS subject, -- STRING: topic in the address of the page, users for pages of persons
  REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/forum/users/([^/]+)') AS target_user_id, -- STRING: account id of the person whose page it is
  search_query, -- STRING: words searched for
  NULLIF(query_parameters, 'null') AS event_GET -- STRING: JSON text: parameters of the page
FROM forum_lines
