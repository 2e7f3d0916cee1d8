-- One row per registrant and course, over all chosen courses.
-- Rows come in the order of the course list, then by user_id: person_course is written in that order, and the
-- embedded warehouse reads a union in the order of its tables, and keeps that order, with any number of threads.
-- command: combinepc
-- scope: group
-- grain: course_id, user_id
-- columns: person_course
-- files: person_course_latest.csv
-- settings: keep_person_course_snapshots
SELECT *
FROM person_course
