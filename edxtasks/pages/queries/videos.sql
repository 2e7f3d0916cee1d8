-- How many learners began and finished each video, in the order of the course.
-- command: dashboard
-- grain: index_video
SELECT
  index_video, -- INTEGER: place in the course
  name, -- STRING: title
  chapter_name, -- STRING: title of its chapter
  videos_viewed AS began, -- INTEGER: learners who got beyond its start
  videos_watched AS finished -- INTEGER: learners who got beyond 95 % of it; NULL where its length is not known
FROM video_stats
WHERE index_video IS NOT NULL
ORDER BY index_video, video_id
