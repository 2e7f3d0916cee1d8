-- Time that registered learners spent, by kind of activity. A gap of 30 minutes or more is no time.
-- command: dashboard
-- grain: one row
SELECT
  COUNTIF(total_time_30 > 0) AS learners, -- INTEGER: learners with any time
  SUM(total_time_30) / 3600 AS hours, -- FLOAT: hours in all
  COUNTIF(serial_video_time_30 > 0) AS video_learners, -- INTEGER: learners with time in videos
  SUM(serial_video_time_30) / 3600 AS video_hours, -- FLOAT: hours in videos
  COUNTIF(serial_problem_time_30 > 0) AS problem_learners, -- INTEGER: learners with time in problems
  SUM(serial_problem_time_30) / 3600 AS problem_hours, -- FLOAT: hours in problems
  COUNTIF(serial_forum_time_30 > 0) AS forum_learners, -- INTEGER: learners with time in the forum
  SUM(serial_forum_time_30) / 3600 AS forum_hours, -- FLOAT: hours in the forum
  COUNTIF(serial_text_time_30 > 0) AS text_learners, -- INTEGER: learners with time in textbook and wiki
  SUM(serial_text_time_30) / 3600 AS text_hours -- FLOAT: hours in textbook and wiki
FROM time_on_task_totals
JOIN person_course ON time_on_task_totals.username = person_course.username
