-- What learners and staff did in open response problems, an event a row, with the problem that it was about.
-- An event that does not name its problem has that of the response: as another event about it says.
-- command: analyze_ora
-- may be empty: yes
-- sets: doall
-- grain: event of the log
WITH
  with_module AS (
    SELECT
      *,
      IF(submission_uuid IS NULL, NULL, MAX(module_id_sometimes) OVER (PARTITION BY submission_uuid)) AS last_module_id
    FROM ora_events_day
  )
SELECT
  REGEXP_EXTRACT(
    COALESCE(module_id_sometimes, last_module_id), r'(?s)^(?:.*\+block@|.*/)?(.*)$'
  ) AS problem_id, -- STRING: the name in module_id
  time, -- TIMESTAMP: when
  username, -- STRING: who; NULL or empty where the log does not say
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  action, -- STRING: what was done; of a handler call handler/ and its name
  submission_uuid, -- STRING: response concerned; NULL where there is none
  part1_points, -- STRING: points given for the first criterion
  part1_feedback, -- STRING: words written on the first criterion
  attempt_num, -- STRING: number of the attempt
  module_id_sometimes, -- STRING: key of the problem, from this event alone; NULL where it does not say
  event_type, -- STRING: type of the event
  event, -- STRING: JSON text of the event
  event_source, -- STRING: browser, server or mobile
  answer_text, -- STRING: text of the response, its parts on lines of their own; '' for none
  last_module_id, -- STRING: key of the problem, as events about the same response say
  COALESCE(module_id_sometimes, last_module_id) AS module_id -- STRING: key of the problem; NULL where nothing says it
FROM with_module
