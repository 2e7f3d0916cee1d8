-- The typical learner of each course among the students who viewed and explored it (opened half of the chapters): medians.
-- command: report
-- step: 7 explored_median_stats_by_course
-- sets: weekly
-- scope: group
-- grain: course_id
-- columns: report.median_stats_by_course without learners
-- files: explored_median_stats_by_course.csv
SELECT *
FROM report.median_stats_by_course
WHERE learners = 'explored'
ORDER BY course_id
