-- One row per registrant and course, over all chosen courses.
-- Rows come in the order of the course list, then by user_id: person_course is written in that order, and the
-- embedded warehouse reads a union in the order of its tables, and keeps that order, with any number of threads.
-- command: combinepc
-- sets: weekly
-- required when named: yes
-- scope: group
-- grain: course_id, user_id
-- columns: person_course
-- files: person_course_latest.csv
-- file form: True/False
-- settings: keep_person_course_snapshots
-- snapshot: keep_person_course_snapshots
-- from files: person_course.csv.gz when from_files
SELECT *
FROM person_course
