-- Seconds that each learner spent in all, and by kind of activity.
-- command: time_task
-- sets: doall
-- grain: username
-- constants: timeout_short 5, timeout_long 30
-- variant: time_on_task_config
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  username, -- STRING: learner
  SUM(total_time_5) AS total_time_5, -- FLOAT: gaps shorter than 5 minutes, seconds; NULL if none
  SUM(total_time_30) AS total_time_30, -- FLOAT: gaps shorter than 30 minutes, seconds
  SUM(total_video_time_5) AS total_video_time_5, -- FLOAT: gaps between video events, shorter than 5 minutes, seconds
  SUM(total_video_time_30) AS total_video_time_30, -- FLOAT: gaps between video events, shorter than 30 minutes, seconds
  SUM(serial_video_time_30) AS serial_video_time_30, -- FLOAT: gaps before video events since an event of any kind, shorter than 30 minutes, seconds
  SUM(total_problem_time_5) AS total_problem_time_5, -- FLOAT: gaps between problem events, shorter than 5 minutes, seconds
  SUM(total_problem_time_30) AS total_problem_time_30, -- FLOAT: gaps between problem events, shorter than 30 minutes, seconds
  SUM(serial_problem_time_30) AS serial_problem_time_30, -- FLOAT: gaps before problem events since an event of any kind, shorter than 30 minutes, seconds
  SUM(total_forum_time_5) AS total_forum_time_5, -- FLOAT: gaps between forum events, shorter than 5 minutes, seconds
  SUM(total_forum_time_30) AS total_forum_time_30, -- FLOAT: gaps between forum events, shorter than 30 minutes, seconds
  SUM(serial_forum_time_30) AS serial_forum_time_30, -- FLOAT: gaps before forum events since an event of any kind, shorter than 30 minutes, seconds
  SUM(total_text_time_5) AS total_text_time_5, -- FLOAT: gaps between textbook and wiki events, shorter than 5 minutes, seconds
  SUM(total_text_time_30) AS total_text_time_30, -- FLOAT: gaps between textbook and wiki events, shorter than 30 minutes, seconds
  SUM(serial_text_time_30) AS serial_text_time_30 -- FLOAT: gaps before textbook and wiki events since an event of any kind, shorter than 30 minutes, seconds
FROM time_on_task
GROUP BY username
