-- The typical learner of each course among the students who viewed it (opened a chapter): medians.
-- command: report
-- step: 6 viewed_median_stats_by_course
-- sets: weekly
-- scope: group
-- grain: course_id
-- columns: report.median_stats_by_course without learners
-- files: viewed_median_stats_by_course.csv
SELECT *
FROM report.median_stats_by_course
WHERE learners = 'viewed'
ORDER BY course_id
