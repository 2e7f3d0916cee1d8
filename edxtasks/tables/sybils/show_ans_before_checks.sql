-- First submissions that were right, of learners with at least 10 of them: whom a harvester may have helped.
-- A course with 10 registrants or fewer has none.
-- command: ip_sybils
-- step: 3 (on request)
-- may be empty: yes
-- grain: user_id, module_id
-- internal: yes
WITH
  submissions AS (
    SELECT username, module_id, time, MIN(NULLIF(ip, '')) AS ip
    FROM stats_problem_check_show_answer_ip
    WHERE event_type = 'problem_check'
      AND module_id IS NOT NULL
      AND time IS NOT NULL
    GROUP BY username, module_id, time
  ),
  modules AS (
    SELECT
      module_id,
      first_time,
      MIN(first_time) OVER () AS first_of_all,
      ROW_NUMBER() OVER (ORDER BY module_id) AS module_number
    FROM (
      SELECT module_id, MIN(time) AS first_time
      FROM submissions
      GROUP BY module_id
    )
  ),
  firsts AS (
    SELECT username, module_id, time, ip
    FROM submissions
    WHERE username != ''
    QUALIFY ROW_NUMBER() OVER (PARTITION BY username, module_id ORDER BY time) = 1
  ),
  -- Of several submissions at one time it is enough that one was right.
  right_ones AS (
    SELECT DISTINCT username, module_id, time
    FROM problem_check
    WHERE success = 'correct'
  ),
  learners AS (
    SELECT username, user_id
    FROM person_course
    WHERE username != ''
      AND user_id IS NOT NULL
      AND (SELECT COUNT(*) FROM person_course) > 10
  )
SELECT
  learners.user_id, -- INTEGER: account id
  firsts.username, -- STRING: learner
  firsts.module_id, -- STRING: module id of the problem
  firsts.time, -- TIMESTAMP: first submission
  firsts.ip, -- STRING: address that it came from, of several at the same time the least; NULL: not known
  modules.module_number, -- INTEGER: number of the problem, in the order of module ids
  modules.first_time AS first_of_module, -- TIMESTAMP: first submission of the problem by anybody
  modules.first_of_all -- TIMESTAMP: first submission of any problem by anybody
FROM firsts
INNER JOIN right_ones
  ON firsts.username = right_ones.username
  AND firsts.module_id = right_ones.module_id
  AND firsts.time = right_ones.time
INNER JOIN learners ON firsts.username = learners.username
INNER JOIN modules ON firsts.module_id = modules.module_id
WHERE TRUE
QUALIFY COUNT(*) OVER (PARTITION BY learners.user_id) >= 10
