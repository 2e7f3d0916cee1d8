-- How many chapters each learner has opened.
-- command: person_course
-- sets: doall
-- may be empty: up to 100 rows
-- grain: user_id
-- optional: studentmodule
SELECT
  student_id AS user_id, -- INTEGER: account id
  COUNT(DISTINCT module_id) AS nchapters -- INTEGER: chapters opened
FROM studentmodule
WHERE module_type = 'chapter' AND student_id IS NOT NULL
GROUP BY student_id
