-- Hours that the students of each course spent, by what they spent them on: sums and lower medians, of all students and of three groups.
-- A row for all hours (total), and two for each of problems, videos and forum: gaps between two events of the
-- kind (problem), and before an event of the kind, since an event of any kind (serial_problem). Gaps of less
-- than 30 minutes count. A median is the lower one, of the known values. Learners who are not in
-- person_course are left out.
-- command: report
-- step: 15 time_on_task_stats_by_course
-- sets: weekly
-- scope: group
-- may be empty: up to 100 rows
-- grain: course_id, spent_on
-- internal: yes
WITH
  students AS (
    SELECT
      time_on_task_totals.*,
      viewed,
      certified,
      mode = 'verified' AS verified
    FROM time_on_task_totals
    INNER JOIN report.person_course_latest
      ON time_on_task_totals.course_id = person_course_latest.course_id
      AND time_on_task_totals.username = person_course_latest.username
    WHERE forumRoles_isStudent = 1 OR forumRoles_isStudent IS NULL
  ),
  -- A row for each student and what time was spent on; hours of the group, NULL for others.
  hours AS (
    SELECT
      course_id,
      spent_on,
      hours AS hours_all,
      IF(viewed, hours, NULL) AS hours_viewed,
      IF(certified, hours, NULL) AS hours_certified,
      IF(verified, hours, NULL) AS hours_verified
    FROM (
      SELECT
        course_id,
        spent_on,
        viewed,
        certified,
        verified,
        CASE spent_on
          WHEN 'total' THEN total_time_30
          WHEN 'problem' THEN total_problem_time_30
          WHEN 'video' THEN total_video_time_30
          WHEN 'forum' THEN total_forum_time_30
          WHEN 'serial_problem' THEN serial_problem_time_30
          WHEN 'serial_video' THEN serial_video_time_30
          ELSE serial_forum_time_30
        END / 3600 AS hours
      FROM students
      CROSS JOIN UNNEST([
        'total', 'problem', 'video', 'forum', 'serial_problem', 'serial_video', 'serial_forum'
      ]) AS spent_on
    )
  ),
  with_medians AS (
    SELECT
      *,
      PERCENTILE_DISC(hours_all, 0.5) OVER alike AS median_all,
      PERCENTILE_DISC(hours_viewed, 0.5) OVER alike AS median_viewed,
      PERCENTILE_DISC(hours_certified, 0.5) OVER alike AS median_certified,
      PERCENTILE_DISC(hours_verified, 0.5) OVER alike AS median_verified
    FROM hours
    WINDOW alike AS (PARTITION BY course_id, spent_on)
  )
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  spent_on, -- STRING: total, problem, video, forum, serial_problem, serial_video, serial_forum
  SUM(hours_all) AS sum_all, -- FLOAT: sum of the hours, of all students
  SUM(hours_viewed) AS sum_viewed, -- FLOAT: sum of the hours, of those who viewed
  SUM(hours_certified) AS sum_certified, -- FLOAT: sum of the hours, of those who have a certificate
  SUM(hours_verified) AS sum_verified, -- FLOAT: sum of the hours, of the verified
  MAX(median_all) AS median_all, -- FLOAT: lower median of the hours, of all students
  MAX(median_viewed) AS median_viewed, -- FLOAT: lower median of the hours, of those who viewed
  MAX(median_certified) AS median_certified, -- FLOAT: lower median of the hours, of those who have a certificate
  MAX(median_verified) AS median_verified -- FLOAT: lower median of the hours, of the verified
FROM with_medians
GROUP BY course_id, spent_on
