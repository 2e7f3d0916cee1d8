-- What learners and staff did in open response problems, with what each event says of the problem by itself.
-- Pages that were merely shown (handler calls with empty POST and GET) are left out.
-- command: analyze_ora
-- may be empty: yes
-- sets: doall
-- grain: event of the log
-- partition: time
-- internal: yes
WITH
  ora_lines AS (
    SELECT
      time,
      username,
      event_type,
      event,
      event_source,
      -- The handler call that logged the event, and the block that did.
      REGEXP_EXTRACT(event_type, r'(?s)/courses/.*/xblock/([^/]+)/handler') AS called_block,
      REGEXP_EXTRACT(context.path, r'(?s)/courses/.*/xblock/([^/]+)/handler') AS path_block,
      JSON_VALUE(context.agent, '$."module.usage_key"') AS usage_key,
      REGEXP_EXTRACT(event_type, r'^openassessmentblock\.(.+)$') AS block_action
    FROM tracklog
    WHERE STRPOS(event_type, 'openassessment') > 0
      AND event IS NOT NULL
      AND NOT (
        IFNULL(REGEXP_CONTAINS(JSON_QUERY(event, '$.POST'), r'^\s*(?:\{\s*\}|\[\s*\]|"")\s*$'), FALSE)
        AND IFNULL(REGEXP_CONTAINS(JSON_QUERY(event, '$.GET'), r'^\s*(?:\{\s*\}|\[\s*\]|"")\s*$'), FALSE)
      )
  ),
  -- In the address of a handler i4x URLs have ;_ for /.
  with_blocks AS (
    SELECT
      time,
      username,
      event_type,
      event,
      event_source,
      block_action,
      CASE
        WHEN STARTS_WITH(called_block, 'i4x:;_;_') THEN REPLACE(called_block, ';_', '/')
        WHEN STARTS_WITH(called_block, 'block-v1:') THEN called_block
      END AS called_block,
      CASE
        WHEN STARTS_WITH(path_block, 'i4x:;_;_') THEN REPLACE(path_block, ';_', '/')
        WHEN STARTS_WITH(path_block, 'block-v1:') THEN path_block
      END AS path_block,
      usage_key
    FROM ora_lines
  )
SELECT
  time, -- TIMESTAMP: when
  username, -- STRING: who; NULL or empty where the log does not say
  COALESCE(
    REGEXP_EXTRACT(event_type, r'(?s)openassessmentblock\.(.+)$'),
    REGEXP_EXTRACT(event_type, r'(?s)/courses/.*?/(handler/.*)$'),
    REGEXP_EXTRACT(event_type, r'(?s)^openassessment\.(.+)$')
  ) AS action, -- STRING: what was done; of a handler call handler/ and its name
  NULLIF(NULLIF(
    CASE
      WHEN block_action IN ('get_peer_submission', 'get_submission_for_staff_grading')
        THEN JSON_VALUE(event, '$.submission_returned_uuid')
      WHEN REGEXP_CONTAINS(event_type, r'^openassessment(?:block)?\.') THEN JSON_VALUE(event, '$.submission_uuid')
    END,
    ''
  ), 'None') AS submission_uuid, -- STRING: response concerned; NULL where there is none
  IF(
    block_action IN ('peer_assess', 'self_assess', 'staff_assess'), JSON_VALUE(event, '$.parts[0].option.points'), NULL
  ) AS part1_points, -- STRING: points given for the first criterion
  IF(
    block_action IN ('peer_assess', 'self_assess', 'staff_assess'), JSON_VALUE(event, '$.parts[0].feedback'), NULL
  ) AS part1_feedback, -- STRING: words written on the first criterion
  IF(
    block_action IN ('create_submission', 'create_team_submission'), JSON_VALUE(event, '$.attempt_number'), NULL
  ) AS attempt_num, -- STRING: number of the attempt
  COALESCE(
    IF(STARTS_WITH(block_action, 'get_'), NULLIF(JSON_VALUE(event, '$.item_id'), ''), NULL),
    IF(
      block_action IN ('create_submission', 'create_team_submission'),
      COALESCE(
        REGEXP_EXTRACT(JSON_VALUE(event, '$.answer.file_key'), r'(i4x://[^/]+/[^/]+/[^/]+/[^/]+|block-v1:[^/]+)'),
        REGEXP_EXTRACT(JSON_VALUE(event, '$.answer.file_upload_key'), r'(i4x://[^/]+/[^/]+/[^/]+/[^/]+|block-v1:[^/]+)'),
        REGEXP_EXTRACT(JSON_VALUE(event, '$.answer.file_keys[0]'), r'(i4x://[^/]+/[^/]+/[^/]+/[^/]+|block-v1:[^/]+)')
      ),
      NULL
    ),
    called_block,
    IF(REGEXP_CONTAINS(path_block, r'^i4x://[^/]+/[^/]+/openassessment/|type@openassessment\+block@'), path_block, NULL),
    IF(REGEXP_CONTAINS(usage_key, r'^i4x://[^/]+/[^/]+/openassessment/|type@openassessment\+block@'), usage_key, NULL)
  ) AS module_id_sometimes, -- STRING: key of the problem, from this event alone; NULL where it does not say
  event_type, -- STRING: type of the event
  event, -- STRING: JSON text of the event
  event_source, -- STRING: browser, server or mobile
  IF(
    block_action IN ('create_submission', 'create_team_submission'),
    COALESCE(
      JSON_VALUE(event, '$.answer.text'),
      IF(
        JSON_QUERY_ARRAY(event, '$.answer.parts') IS NULL,
        NULL,
        IFNULL(
          (
            SELECT STRING_AGG(IFNULL(JSON_VALUE(part, '$.text'), ''), '\n' ORDER BY place)
            FROM UNNEST(JSON_QUERY_ARRAY(event, '$.answer.parts')) AS part WITH OFFSET AS place
          ),
          ''
        )
      )
    ),
    NULL
  ) AS answer_text -- STRING: text of the response, its parts on lines of their own; '' for none
FROM with_blocks
