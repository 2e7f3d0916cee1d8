-- Of the registrants of all chosen courses, those who opened a chapter.
-- command: combinepc
-- sets: weekly
-- required when named: yes
-- scope: group
-- may be empty: up to 100 rows
-- grain: course_id, user_id
-- columns: person_course
-- files: person_course_viewed.csv
-- file form: True/False
SELECT *
FROM report.person_course_latest
WHERE viewed
