-- Events of each learner by date and hour, for pictures of when a course is used.
-- The events are those that nevents of person_course_day counts.
-- command: person_hours
-- may be empty: up to 100 rows
-- grain: username, date, hour
-- partition: date
-- internal: yes
SELECT
  username, -- STRING: learner
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  DATE(time) AS date, -- DATE: UTC date
  EXTRACT(HOUR FROM time) AS hour, -- INTEGER: UTC hour, 0 to 23
  COUNT(*) AS nevents -- INTEGER: named events, calls of block handlers left out
FROM tracklog
WHERE username != ''
  AND event_type IS NOT NULL
  AND NOT (STRPOS(event_type, '/xblock/') > 0 AND REGEXP_CONTAINS(event_type, r'(?s)/xblock/.*/handler'))
  AND time > TIMESTAMP '2010-10-01 01:02:03 UTC'
GROUP BY username, date, hour
