-- What the course is called.
-- command: dashboard
-- grain: one row
SELECT
  MIN(name) AS name -- STRING: display name of the course; NULL where none is set
FROM course_axis
WHERE category = 'course'
