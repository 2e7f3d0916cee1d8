-- When learners asked for the answer of a problem.
-- Only events show_answer (2012) and showanswer count, of any source; they are not deduplicated.
-- command: show_answer
-- may be empty: yes
-- sets: doall
-- grain: event
-- partition: time
SELECT
  time, -- TIMESTAMP: when
  username, -- STRING: learner; may be empty
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  module_id -- STRING: module id of the problem; may be NULL
FROM tracklog
WHERE event_type IN ('show_answer', 'showanswer')
