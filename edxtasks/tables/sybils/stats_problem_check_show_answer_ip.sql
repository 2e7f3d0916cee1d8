-- Submissions and answers asked for, with the addresses that they came from.
-- Submissions are those that the server logged; answers asked for are of any source. With the setting
-- cameo_cutoff only events before a time.
-- command: ip_sybils
-- may be empty: yes
-- step: 3 (on request)
-- grain: event
-- partition: time
SELECT
  tracklog.time, -- TIMESTAMP: when
  tracklog.username, -- STRING: learner; may be empty
  tracklog.context.user_id AS user_id, -- INTEGER: account id; NULL where the event has none
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  tracklog.module_id, -- STRING: module id of the problem; may be NULL
  IF(
    tracklog.event_type IN ('problem_check', 'save_problem_check'), 'problem_check', 'show_answer'
  ) AS event_type, -- STRING: problem_check or show_answer
  tracklog.ip -- STRING: address
FROM tracklog
CROSS JOIN cameo_cutoff_time
WHERE (
    (tracklog.event_source = 'server' AND tracklog.event_type IN ('problem_check', 'save_problem_check'))
    OR tracklog.event_type IN ('show_answer', 'showanswer')
  )
  AND (cutoff IS NULL OR tracklog.time < cutoff)
