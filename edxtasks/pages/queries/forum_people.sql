-- How many people did what in the forum.
-- command: dashboard
-- grain: one row
SELECT
  COUNT(DISTINCT username) AS anything, -- INTEGER: people who did anything
  COUNT(DISTINCT IF(read > 0, username, NULL)) AS readers, -- INTEGER: read a thread
  COUNT(DISTINCT IF(wrote > 0, username, NULL)) AS authors, -- INTEGER: wrote
  COUNT(DISTINCT IF(upvoted > 0, username, NULL)) AS voters, -- INTEGER: voted for a thread
  COUNT(DISTINCT IF(followed > 0, username, NULL)) AS followers -- INTEGER: follow a thread
FROM forum_person
