-- Of the registrants of all chosen courses, those who opened a chapter.
-- command: combinepc
-- scope: group
-- grain: course_id, user_id
-- columns: person_course
-- files: person_course_viewed.csv
SELECT *
FROM report.person_course_latest
WHERE viewed
