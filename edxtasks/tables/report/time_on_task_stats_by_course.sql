-- Hours that the students of each course spent, in all, on problems, on videos and in the forum: sums and medians.
-- Gaps between events of less than 30 minutes count. For the parts: gaps between two events of a
-- kind. A median is the lower one, of the known values. Learners who are not in person_course are
-- left out.
-- command: report
-- step: 15 time_on_task_stats_by_course
-- sets: weekly
-- scope: group
-- grain: course_id
-- files: time_on_task_stats_by_course.csv
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  MAX(IF(spent_on = 'total', sum_all, NULL)) AS sum_total_hours, -- FLOAT: sum of the hours in all, of all students
  MAX(IF(spent_on = 'problem', sum_all, NULL)) AS sum_problem_hours, -- FLOAT: sum of the hours on problems, of all students
  MAX(IF(spent_on = 'video', sum_all, NULL)) AS sum_video_hours, -- FLOAT: sum of the hours on videos, of all students
  MAX(IF(spent_on = 'forum', sum_all, NULL)) AS sum_forum_hours, -- FLOAT: sum of the hours in the forum, of all students
  MAX(IF(spent_on = 'total', sum_viewed, NULL)) AS sum_total_hours_viewed, -- FLOAT: sum of the hours in all, of those who viewed
  MAX(IF(spent_on = 'problem', sum_viewed, NULL)) AS sum_problem_hours_viewed, -- FLOAT: sum of the hours on problems, of those who viewed
  MAX(IF(spent_on = 'video', sum_viewed, NULL)) AS sum_video_hours_viewed, -- FLOAT: sum of the hours on videos, of those who viewed
  MAX(IF(spent_on = 'forum', sum_viewed, NULL)) AS sum_forum_hours_viewed, -- FLOAT: sum of the hours in the forum, of those who viewed
  MAX(IF(spent_on = 'total', sum_certified, NULL)) AS sum_total_hours_certified, -- FLOAT: sum of the hours in all, of those who have a certificate
  MAX(IF(spent_on = 'problem', sum_certified, NULL)) AS sum_problem_hours_certified, -- FLOAT: sum of the hours on problems, of those who have a certificate
  MAX(IF(spent_on = 'video', sum_certified, NULL)) AS sum_video_hours_certified, -- FLOAT: sum of the hours on videos, of those who have a certificate
  MAX(IF(spent_on = 'forum', sum_certified, NULL)) AS sum_forum_hours_certified, -- FLOAT: sum of the hours in the forum, of those who have a certificate
  MAX(IF(spent_on = 'total', sum_verified, NULL)) AS sum_total_hours_verified, -- FLOAT: sum of the hours in all, of the verified
  MAX(IF(spent_on = 'problem', sum_verified, NULL)) AS sum_problem_hours_verified, -- FLOAT: sum of the hours on problems, of the verified
  MAX(IF(spent_on = 'video', sum_verified, NULL)) AS sum_video_hours_verified, -- FLOAT: sum of the hours on videos, of the verified
  MAX(IF(spent_on = 'forum', sum_verified, NULL)) AS sum_forum_hours_verified, -- FLOAT: sum of the hours in the forum, of the verified
  MAX(IF(spent_on = 'total', median_all, NULL)) AS median_total_hours, -- FLOAT: median of the hours in all, of all students
  MAX(IF(spent_on = 'problem', median_all, NULL)) AS median_problem_hours, -- FLOAT: median of the hours on problems, of all students
  MAX(IF(spent_on = 'video', median_all, NULL)) AS median_video_hours, -- FLOAT: median of the hours on videos, of all students
  MAX(IF(spent_on = 'forum', median_all, NULL)) AS median_forum_hours, -- FLOAT: median of the hours in the forum, of all students
  MAX(IF(spent_on = 'total', median_viewed, NULL)) AS median_total_hours_viewed, -- FLOAT: median of the hours in all, of those who viewed
  MAX(IF(spent_on = 'problem', median_viewed, NULL)) AS median_problem_hours_viewed, -- FLOAT: median of the hours on problems, of those who viewed
  MAX(IF(spent_on = 'video', median_viewed, NULL)) AS median_video_hours_viewed, -- FLOAT: median of the hours on videos, of those who viewed
  MAX(IF(spent_on = 'forum', median_viewed, NULL)) AS median_forum_hours_viewed, -- FLOAT: median of the hours in the forum, of those who viewed
  MAX(IF(spent_on = 'total', median_certified, NULL)) AS median_total_hours_certified, -- FLOAT: median of the hours in all, of those who have a certificate
  MAX(IF(spent_on = 'problem', median_certified, NULL)) AS median_problem_hours_certified, -- FLOAT: median of the hours on problems, of those who have a certificate
  MAX(IF(spent_on = 'video', median_certified, NULL)) AS median_video_hours_certified, -- FLOAT: median of the hours on videos, of those who have a certificate
  MAX(IF(spent_on = 'forum', median_certified, NULL)) AS median_forum_hours_certified, -- FLOAT: median of the hours in the forum, of those who have a certificate
  MAX(IF(spent_on = 'total', median_verified, NULL)) AS median_total_hours_verified, -- FLOAT: median of the hours in all, of the verified
  MAX(IF(spent_on = 'problem', median_verified, NULL)) AS median_problem_hours_verified, -- FLOAT: median of the hours on problems, of the verified
  MAX(IF(spent_on = 'video', median_verified, NULL)) AS median_video_hours_verified, -- FLOAT: median of the hours on videos, of the verified
  MAX(IF(spent_on = 'forum', median_verified, NULL)) AS median_forum_hours_verified -- FLOAT: median of the hours in the forum, of the verified
FROM report.time_on_task_hours_by_course
GROUP BY course_id
ORDER BY course_id
