-- The typical learner of each course among the students who viewed it and have a certificate: medians.
-- command: report
-- step: 8 certified_median_stats_by_course
-- sets: weekly
-- scope: group
-- grain: course_id
-- columns: report.median_stats_by_course without learners
-- files: certified_median_stats_by_course.csv
SELECT *
FROM report.median_stats_by_course
WHERE learners = 'certified'
ORDER BY course_id
