-- The videos of the course in its order, with their lengths.
-- command: analyze_videos
-- sets: doall
-- grain: index_video
-- optional: video_lengths
-- files: video_axis.json.gz
SELECT
  index_chapter, -- INTEGER: place of its chapter in course_axis; NULL where it is in none
  index_video, -- INTEGER: place in course_axis
  'video' AS category, -- STRING: video
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  name, -- STRING: title
  video_modules.video_id, -- STRING: id, as in video_stats_day
  youtube_id, -- STRING: id at YouTube, at usual speed; NULL where it has none
  chapter_name, -- STRING: title of its chapter
  video_length, -- INTEGER: length, seconds; NULL where nothing says it
  video_length_source -- STRING: what says the length: override, youtube, course_export, log_duration, transcript, stop_video
FROM video_modules
LEFT JOIN video_lengths ON video_lengths.video_id = video_modules.video_id
ORDER BY index_video
