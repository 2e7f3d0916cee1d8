-- The address by which each learner is located: the one used most in the course, else over all courses.
-- command: person_course
-- sets: doall
-- excluded by: skip_geoip
-- grain: username
WITH
  learners AS (
    SELECT DISTINCT username
    FROM user_info_combo
    WHERE username != ''
  )
SELECT
  learners.username, -- STRING: learner
  course_modal_ip.modal_ip AS course_modal_ip, -- STRING: address used most in the course
  course_modal_ip.ip_count AS course_ip_count, -- INTEGER: events from it
  pc_global_modal_ip.modal_ip AS global_modal_ip, -- STRING: address used most over all courses
  pc_global_modal_ip.ip_count AS global_ip_count, -- INTEGER: events from it
  COALESCE(NULLIF(course_modal_ip.modal_ip, ''), NULLIF(pc_global_modal_ip.modal_ip, '')) AS modal_ip, -- STRING: the one of the course, else the global one
  CASE
    WHEN course_modal_ip.modal_ip != '' THEN 'course'
    WHEN pc_global_modal_ip.modal_ip != '' THEN 'global'
    ELSE 'missing'
  END AS source -- STRING: course, global or missing
FROM learners
LEFT JOIN course_modal_ip ON learners.username = course_modal_ip.username
LEFT JOIN pc_global_modal_ip ON learners.username = pc_global_modal_ip.username
