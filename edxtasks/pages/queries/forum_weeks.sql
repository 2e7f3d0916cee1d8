-- Posts in the forum and their authors, by week.
-- command: dashboard
-- grain: week, kind
SELECT
  DATE_SUB(DATE(first_time), INTERVAL MOD(EXTRACT(DAYOFWEEK FROM DATE(first_time)) + 5, 7) DAY) AS week, -- DATE: its Monday, UTC
  slug_type AS kind, -- STRING: initial_post, response_post or comment
  COUNT(DISTINCT username) AS learners, -- INTEGER: authors
  COUNT(*) AS posts -- INTEGER: posts
FROM forum_posts
WHERE first_time IS NOT NULL
GROUP BY week, kind
ORDER BY week, kind
