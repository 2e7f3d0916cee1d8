-- The posts of the forum, from its dump: what opens a thread, responses to it, comments on responses.
-- What a post answers may be gone from the forum: then the columns about it are NULL.
-- command: analyze_forum
-- sets: doall
-- grain: slug_id
-- optional: forum
WITH
  -- One document for each id: the one that was changed last.
  documents AS (
    SELECT
      _type,
      mongoid,
      comment_thread_id,
      parent_id,
      author_username,
      title,
      created_at,
      body
    FROM forum
    WHERE mongoid != ''
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY mongoid
      ORDER BY
        updated_at DESC, created_at DESC, _type DESC, comment_thread_id DESC, parent_id DESC, author_username DESC,
        title DESC, body DESC
    ) = 1
  ),
  posts AS (
    SELECT
      mongoid,
      CASE
        WHEN _type = 'CommentThread' AND IFNULL(comment_thread_id, '') = '' AND IFNULL(parent_id, '') = ''
          THEN 'initial_post'
        WHEN _type = 'Comment' AND parent_id != '' THEN 'comment'
        WHEN _type = 'Comment' AND comment_thread_id != '' THEN 'response_post'
      END AS slug_type,
      IF(_type = 'CommentThread', mongoid, NULLIF(comment_thread_id, '')) AS thread_id,
      NULLIF(parent_id, '') AS parent,
      author_username,
      title,
      created_at,
      body
    FROM documents
  ),
  initial_posts AS (
    SELECT mongoid, author_username, title
    FROM posts
    WHERE slug_type = 'initial_post'
  )
SELECT
  posts.author_username AS username, -- STRING: who wrote it
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  posts.mongoid AS slug_id, -- STRING: id of the post
  posts.slug_type, -- STRING: initial_post, response_post or comment
  posts.thread_id, -- STRING: id of the thread, which is that of its initial post
  posts.parent AS parent_id, -- STRING: of a comment, id of the response that it is about
  initial_posts.author_username AS original_poster, -- STRING: who wrote the initial post
  IF(posts.slug_type = 'comment', parents.author_username, NULL) AS responded_to, -- STRING: of a comment, who wrote what it is about
  initial_posts.title, -- STRING: title of the initial post
  posts.created_at AS first_time, -- TIMESTAMP: when it was written
  LEFT(posts.body, 100) AS body_preview -- STRING: the first 100 characters
FROM posts
LEFT JOIN initial_posts ON initial_posts.mongoid = posts.thread_id
LEFT JOIN documents AS parents ON parents.mongoid = posts.parent
WHERE posts.slug_type IS NOT NULL
