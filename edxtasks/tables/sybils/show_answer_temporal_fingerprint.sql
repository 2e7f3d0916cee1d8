-- When each learner with more than 10 answers asked for first asked for the answer of each problem.
-- command: temporal_fingerprints
-- may be empty: yes
-- grain: index, username
WITH
  shown AS (
    SELECT username, course_id, module_id, MIN(time) AS time
    FROM show_answer
    WHERE username != ''
      AND module_id IS NOT NULL
    GROUP BY username, course_id, module_id
  )
SELECT
  shown.username, -- STRING: learner
  person_course.user_id, -- INTEGER: account id of the learner
  course_axis.index, -- INTEGER: place of the problem in the course
  shown.time, -- TIMESTAMP: first time that the answer was asked for
  person_course.certified -- BOOLEAN: has a certificate
FROM shown
INNER JOIN person_course ON shown.username = person_course.username
INNER JOIN course_axis ON shown.course_id = course_axis.course_id AND shown.module_id = course_axis.module_id
WHERE person_course.nshow_answer > 10
