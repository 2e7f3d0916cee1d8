-- How many of their problems learners asked the answer of, a row for each chosen course.
-- command: report
-- may be empty: yes
-- step: 1 show_answer_stats_by_course
-- sets: weekly
-- scope: group
-- grain: course_id
-- columns: show_answer_stats_by_course
-- files: show_answer_stats_by_course.csv
SELECT *
FROM show_answer_stats_by_course
