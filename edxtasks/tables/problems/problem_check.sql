-- The answers that learners submitted, as the server logged them: the base of attempt histories.
-- One press of Submit is logged by browser and server; only the server's event says what came of it. Until
-- about 2013 it was called save_problem_check. Events are not deduplicated.
-- command: problem_check
-- sets: doall
-- may be empty: up to 1000 rows
-- grain: event
-- partition: time
SELECT
  time, -- TIMESTAMP: when
  username, -- STRING: learner; may be empty
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  module_id, -- STRING: module id of the problem; may be NULL
  NULLIF(event_struct.answers, 'null') AS student_answers, -- STRING: answers by answer id, JSON text
  event_struct.attempts AS attempts, -- INTEGER: number of this attempt
  event_struct.success AS success, -- STRING: correct or incorrect
  event_struct.grade AS grade -- FLOAT: points earned
FROM tracklog
WHERE event_source = 'server'
  AND event_type IN ('problem_check', 'save_problem_check')
