-- What each learner has written in the forum, from the forum's own dump.
-- command: person_course
-- sets: doall
-- grain: user_id
-- optional: forum
SELECT
  author_id AS user_id, -- INTEGER: account id
  COUNT(*) AS nforum, -- INTEGER: posts of all kinds
  SUM(votes.count) AS nvotes, -- INTEGER: votes for these posts
  COUNTIF(pinned) AS npinned, -- INTEGER: of these posts, pinned
  COUNTIF(endorsed) AS nendorsed, -- INTEGER: of these posts, endorsed
  COUNTIF(_type = 'CommentThread') AS nthread, -- INTEGER: threads opened
  COUNTIF(_type = 'Comment') AS ncomment -- INTEGER: responses and comments
FROM forum
WHERE author_id IS NOT NULL
GROUP BY author_id
