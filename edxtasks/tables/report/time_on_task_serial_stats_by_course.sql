-- Hours that the students of each course spent, in all, on problems, on videos and in the forum: sums and medians.
-- Gaps between events of less than 30 minutes count. For the parts: gaps before an event of a kind, since
-- an event of any kind. A median is the lower one, of the known values. Learners who are not in person_course are
-- left out.
-- command: report
-- step: 15 time_on_task_stats_by_course
-- sets: weekly
-- scope: group
-- may be empty: up to 100 rows
-- grain: course_id
-- files: time_on_task_serial_stats_by_course.csv
WITH
  -- Hours of each student, of students who viewed, have a certificate, are verified; NULL for others.
  students AS (
    SELECT
      time_on_task_totals.course_id,
      total_time_30 / 3600 AS total,
      serial_problem_time_30 / 3600 AS problem,
      serial_video_time_30 / 3600 AS video,
      serial_forum_time_30 / 3600 AS forum,
      viewed,
      certified,
      mode = 'verified' AS verified
    FROM time_on_task_totals
    INNER JOIN report.person_course_latest
      ON time_on_task_totals.course_id = person_course_latest.course_id
      AND time_on_task_totals.username = person_course_latest.username
    WHERE forumRoles_isStudent = 1 OR forumRoles_isStudent IS NULL
  ),
  hours AS (
    SELECT
      course_id,
      total AS total_all,
      problem AS problem_all,
      video AS video_all,
      forum AS forum_all,
      IF(viewed, total, NULL) AS total_viewed,
      IF(viewed, problem, NULL) AS problem_viewed,
      IF(viewed, video, NULL) AS video_viewed,
      IF(viewed, forum, NULL) AS forum_viewed,
      IF(certified, total, NULL) AS total_certified,
      IF(certified, problem, NULL) AS problem_certified,
      IF(certified, video, NULL) AS video_certified,
      IF(certified, forum, NULL) AS forum_certified,
      IF(verified, total, NULL) AS total_verified,
      IF(verified, problem, NULL) AS problem_verified,
      IF(verified, video, NULL) AS video_verified,
      IF(verified, forum, NULL) AS forum_verified
    FROM students
  ),
  with_medians AS (
    SELECT
      *,
      PERCENTILE_DISC(total_all, 0.5) OVER of_course AS median_total_all,
      PERCENTILE_DISC(problem_all, 0.5) OVER of_course AS median_problem_all,
      PERCENTILE_DISC(video_all, 0.5) OVER of_course AS median_video_all,
      PERCENTILE_DISC(forum_all, 0.5) OVER of_course AS median_forum_all,
      PERCENTILE_DISC(total_viewed, 0.5) OVER of_course AS median_total_viewed,
      PERCENTILE_DISC(problem_viewed, 0.5) OVER of_course AS median_problem_viewed,
      PERCENTILE_DISC(video_viewed, 0.5) OVER of_course AS median_video_viewed,
      PERCENTILE_DISC(forum_viewed, 0.5) OVER of_course AS median_forum_viewed,
      PERCENTILE_DISC(total_certified, 0.5) OVER of_course AS median_total_certified,
      PERCENTILE_DISC(problem_certified, 0.5) OVER of_course AS median_problem_certified,
      PERCENTILE_DISC(video_certified, 0.5) OVER of_course AS median_video_certified,
      PERCENTILE_DISC(forum_certified, 0.5) OVER of_course AS median_forum_certified,
      PERCENTILE_DISC(total_verified, 0.5) OVER of_course AS median_total_verified,
      PERCENTILE_DISC(problem_verified, 0.5) OVER of_course AS median_problem_verified,
      PERCENTILE_DISC(video_verified, 0.5) OVER of_course AS median_video_verified,
      PERCENTILE_DISC(forum_verified, 0.5) OVER of_course AS median_forum_verified
    FROM hours
    WINDOW of_course AS (PARTITION BY course_id)
  )
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  SUM(total_all) AS sum_total_serial_hours, -- FLOAT: sum of the hours in all, of all students
  SUM(problem_all) AS sum_problem_serial_hours, -- FLOAT: sum of the hours on problems, of all students
  SUM(video_all) AS sum_video_serial_hours, -- FLOAT: sum of the hours on videos, of all students
  SUM(forum_all) AS sum_forum_serial_hours, -- FLOAT: sum of the hours in the forum, of all students
  SUM(total_viewed) AS sum_total_serial_hours_viewed, -- FLOAT: sum of the hours in all, of those who viewed
  SUM(problem_viewed) AS sum_problem_serial_hours_viewed, -- FLOAT: sum of the hours on problems, of those who viewed
  SUM(video_viewed) AS sum_video_serial_hours_viewed, -- FLOAT: sum of the hours on videos, of those who viewed
  SUM(forum_viewed) AS sum_forum_serial_hours_viewed, -- FLOAT: sum of the hours in the forum, of those who viewed
  SUM(total_certified) AS sum_total_serial_hours_certified, -- FLOAT: sum of the hours in all, of those who have a certificate
  SUM(problem_certified) AS sum_problem_serial_hours_certified, -- FLOAT: sum of the hours on problems, of those who have a certificate
  SUM(video_certified) AS sum_video_serial_hours_certified, -- FLOAT: sum of the hours on videos, of those who have a certificate
  SUM(forum_certified) AS sum_forum_serial_hours_certified, -- FLOAT: sum of the hours in the forum, of those who have a certificate
  SUM(total_verified) AS sum_total_serial_hours_verified, -- FLOAT: sum of the hours in all, of the verified
  SUM(problem_verified) AS sum_problem_serial_hours_verified, -- FLOAT: sum of the hours on problems, of the verified
  SUM(video_verified) AS sum_video_serial_hours_verified, -- FLOAT: sum of the hours on videos, of the verified
  SUM(forum_verified) AS sum_forum_serial_hours_verified, -- FLOAT: sum of the hours in the forum, of the verified
  MAX(median_total_all) AS median_total_serial_hours, -- FLOAT: median of the hours in all, of all students
  MAX(median_problem_all) AS median_problem_serial_hours, -- FLOAT: median of the hours on problems, of all students
  MAX(median_video_all) AS median_video_serial_hours, -- FLOAT: median of the hours on videos, of all students
  MAX(median_forum_all) AS median_forum_serial_hours, -- FLOAT: median of the hours in the forum, of all students
  MAX(median_total_viewed) AS median_total_serial_hours_viewed, -- FLOAT: median of the hours in all, of those who viewed
  MAX(median_problem_viewed) AS median_problem_serial_hours_viewed, -- FLOAT: median of the hours on problems, of those who viewed
  MAX(median_video_viewed) AS median_video_serial_hours_viewed, -- FLOAT: median of the hours on videos, of those who viewed
  MAX(median_forum_viewed) AS median_forum_serial_hours_viewed, -- FLOAT: median of the hours in the forum, of those who viewed
  MAX(median_total_certified) AS median_total_serial_hours_certified, -- FLOAT: median of the hours in all, of those who have a certificate
  MAX(median_problem_certified) AS median_problem_serial_hours_certified, -- FLOAT: median of the hours on problems, of those who have a certificate
  MAX(median_video_certified) AS median_video_serial_hours_certified, -- FLOAT: median of the hours on videos, of those who have a certificate
  MAX(median_forum_certified) AS median_forum_serial_hours_certified, -- FLOAT: median of the hours in the forum, of those who have a certificate
  MAX(median_total_verified) AS median_total_serial_hours_verified, -- FLOAT: median of the hours in all, of the verified
  MAX(median_problem_verified) AS median_problem_serial_hours_verified, -- FLOAT: median of the hours on problems, of the verified
  MAX(median_video_verified) AS median_video_serial_hours_verified, -- FLOAT: median of the hours on videos, of the verified
  MAX(median_forum_verified) AS median_forum_serial_hours_verified -- FLOAT: median of the hours in the forum, of the verified
FROM with_medians
GROUP BY course_id
ORDER BY course_id
