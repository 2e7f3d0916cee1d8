-- What each learner did on each UTC date, over all chosen courses.
-- command: report
-- step: 5 person_course_day_allcourses
-- sets: weekly
-- scope: group
-- grain: course_id, username, date
-- columns: person_course_day
-- files: person_course_day_allcourses.csv
SELECT *
FROM person_course_day
ORDER BY course_id, date, username
