-- The course axes of all chosen courses, one after the other.
-- command: report
-- step: 3 course_axis
-- sets: weekly
-- scope: group
-- grain: course_id, index
-- columns: course_axis
-- files: course_axis.csv
SELECT *
FROM course_axis
