-- Of the addresses used most over all courses, those of the learners of this course.
-- Keeps the news of other courses from reaching this one where nothing changed for its learners.
-- command: person_course
-- sets: doall
-- excluded by: skip_geoip
-- grain: username
-- borrowed: courses.global_modal_ip
-- internal: yes
SELECT
  global_modal_ip.username, -- STRING: learner
  global_modal_ip.modal_ip, -- STRING: address of most events over all courses
  global_modal_ip.ip_count -- INTEGER: events from it
FROM courses.global_modal_ip AS global_modal_ip
WHERE global_modal_ip.username IN (SELECT username FROM user_info_combo WHERE username != '')
