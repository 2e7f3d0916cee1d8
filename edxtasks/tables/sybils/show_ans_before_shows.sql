-- When learners who asked for the answers of at least 10 problems did so, and which submissions of others each
-- time is compared with: the answer is the last one before the submission, else the first.
-- A course with 10 registrants or fewer has none.
-- command: ip_sybils
-- step: 3 (on request)
-- may be empty: yes
-- grain: user_id, module_id, time
-- internal: yes
WITH
  shown AS (
    SELECT username, module_id, time, MIN(NULLIF(ip, '')) AS ip
    FROM stats_problem_check_show_answer_ip
    WHERE event_type = 'show_answer'
      AND username != ''
      AND module_id IS NOT NULL
      AND time IS NOT NULL
    GROUP BY username, module_id, time
  ),
  harvesters AS (
    SELECT username
    FROM shown
    GROUP BY username
    HAVING COUNT(DISTINCT module_id) >= 10
  ),
  learners AS (
    SELECT person_course.username, person_course.user_id
    FROM person_course
    INNER JOIN harvesters ON person_course.username = harvesters.username
    WHERE person_course.user_id IS NOT NULL
      AND (SELECT COUNT(*) FROM person_course) > 10
  )
SELECT
  learners.user_id, -- INTEGER: account id
  shown.username, -- STRING: learner
  shown.module_id, -- STRING: module id of the problem
  shown.time, -- TIMESTAMP: when the answer was asked for
  shown.ip, -- STRING: address that it came from, of several at the same time the least; NULL: not known
  IF(LAG(shown.time) OVER of_problem /* total order: a time is there once */ IS NULL, TIMESTAMP '1970-01-01 00:00:00+00', shown.time) AS after, -- TIMESTAMP: it is compared with submissions after this time; of the first one, all
  IFNULL(LEAD(shown.time) OVER of_problem /* total order: a time is there once */, TIMESTAMP '9999-12-31 00:00:00+00') AS until -- TIMESTAMP: and up to this time, which is that of the next one
FROM shown
INNER JOIN learners ON shown.username = learners.username
WINDOW of_problem AS (PARTITION BY shown.username, shown.module_id ORDER BY shown.time)
