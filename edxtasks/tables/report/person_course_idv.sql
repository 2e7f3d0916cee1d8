-- Of the registrants of all chosen courses, those who ever were verified ones.
-- command: combinepc
-- sets: weekly
-- required when named: yes
-- scope: group
-- may be empty: yes
-- grain: course_id, user_id
-- columns: person_course
-- files: person_course_idv.csv
-- file form: True/False
SELECT *
FROM report.person_course_latest
WHERE verified_enroll_time IS NOT NULL
