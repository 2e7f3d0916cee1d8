-- Every event of the log about an enrolment: of whom, in which mode, what happened.
-- Whose enrolment it is says the payload, else the context. event_struct also has the numbers that MongoDB wrote in
-- a form of its own, as 1018.0 or {"$numberLong": "1018"}.
-- command: enrollment_events
-- may be empty: yes
-- sets: doall
-- grain: event
-- partition: time
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  time, -- TIMESTAMP: when
  COALESCE(SAFE_CAST(JSON_VALUE(event, '$.user_id') AS INT64), event_struct.user_id, context.user_id) AS user_id, -- INTEGER: account id of the learner enrolled, who need not be the actor
  JSON_VALUE(event, '$.mode') AS mode, -- STRING: enrolment mode; of a change, the new one
  event_type = 'edx.course.enrollment.activated' AS activated, -- BOOLEAN: an enrolment began
  event_type = 'edx.course.enrollment.deactivated' AS deactivated, -- BOOLEAN: an enrolment ended
  event_type = 'edx.course.enrollment.mode_changed' AS mode_changed, -- BOOLEAN: the mode was set
  event_type = 'edx.course.enrollment.upgrade.succeeded' AS upgraded, -- BOOLEAN: a paid upgrade succeeded
  event_type -- STRING: name of the event
FROM tracklog
WHERE STRPOS(event_type, 'edx.course.enrollment') > 0
  AND time > TIMESTAMP '2010-10-01 01:02:03 UTC'
