-- The typical learner of each course among the students who viewed it and are enrolled as verified: medians.
-- command: report
-- step: 9 verified_median_stats_by_course
-- sets: weekly
-- scope: group
-- grain: course_id
-- columns: report.median_stats_by_course without learners
-- files: verified_median_stats_by_course.csv
SELECT *
FROM report.median_stats_by_course
WHERE learners = 'verified'
ORDER BY course_id
