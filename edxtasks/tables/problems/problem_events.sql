-- All events about problems, of browser and server, calls of block handlers among them.
-- An event counts when its type holds problem_ and a letter, digit or _ behind, or is showanswer, and when its
-- user is known. So pages whose address holds such a word count too; reset_problem and show_answer do not.
-- command: problem_events
-- grain: event
-- partition: time
WITH
  problem_lines AS (
    SELECT
      context.user_id AS user_id,
      time,
      event_source,
      event_type,
      REGEXP_CONTAINS(event_type, r'/xblock/i4x:;_') AS is_old_handler,
      REGEXP_CONTAINS(event_type, r'/xblock/i4x:;_|type@problem\+block') AS is_handler,
      module_id,
      event_struct.problem AS problem,
      event_struct.attempts AS attempts,
      event_struct.success AS success,
      event_struct.grade AS grade
    FROM tracklog
    WHERE (REGEXP_CONTAINS(event_type, r'problem_[A-Za-z0-9_]') OR event_type = 'showanswer')
      AND context.user_id IS NOT NULL
  ),
  -- Where the problem is named: the module id, the path of the handler, or the payload.
  with_place AS (
    SELECT
      user_id,
      time,
      event_source,
      event_type,
      is_handler,
      CASE
        WHEN module_id IS NOT NULL THEN module_id
        WHEN is_old_handler THEN REPLACE(REGEXP_EXTRACT(event_type, r'(?s)i4x:;_;_(.*?)/handler/xmodule'), ';_', '/')
        ELSE REPLACE(problem, 'i4x://', '')
      END AS place,
      attempts,
      success,
      grade
    FROM problem_lines
  )
SELECT
  user_id, -- INTEGER: account id of the learner
  time, -- TIMESTAMP: when
  event_source, -- STRING: browser or server
  REGEXP_EXTRACT(place, r'[^/]+/problem/([^/]+)') AS problem_url, -- STRING: url name of the problem; NULL where nothing names it
  IF(is_handler, REGEXP_EXTRACT(event_type, r'xmodule_handler/([^/]{2,})'), event_type) AS event_type, -- STRING: type of the event; of a handler call the name of the call (success is NULL there), NULL where it has none
  attempts, -- INTEGER: number of this attempt
  success, -- STRING: correct or incorrect
  grade -- FLOAT: points earned
FROM with_place
