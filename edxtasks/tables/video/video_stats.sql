-- How many learners opened each video, and how many got to its end.
-- Of every video that the log names: also of one that is no longer in the course, which has no place and no name. A
-- video that is in the course twice has two rows. Everybody counts, staff too.
-- command: analyze_videos
-- sets: doall
-- grain: video_id, index_video
-- optional: video_axis
WITH
  furthest AS (
    SELECT username, video_id, MAX(position) AS position
    FROM video_stats_day
    GROUP BY username, video_id
  )
SELECT
  index_chapter, -- INTEGER: place of its chapter in course_axis
  index_video, -- INTEGER: place in course_axis; NULL where it is not there
  name, -- STRING: title
  furthest.video_id, -- STRING: video
  chapter_name, -- STRING: title of its chapter
  COUNTIF(position > 0) AS videos_viewed, -- INTEGER: learners who got beyond its start
  IF(video_length IS NULL, NULL, COUNTIF(position > 0.95 * video_length)) AS videos_watched -- INTEGER: learners who got beyond 95 % of its length; NULL where the length is not known
FROM furthest
LEFT JOIN video_axis ON video_axis.video_id = furthest.video_id
GROUP BY index_chapter, index_video, name, furthest.video_id, chapter_name, video_length
ORDER BY index_video, furthest.video_id
