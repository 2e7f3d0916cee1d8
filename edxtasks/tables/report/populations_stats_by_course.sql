-- How many students of each course registered, viewed, explored and were certified, each counted by itself.
-- In broad_stats_by_course those who explored or have a certificate count only where they viewed, too.
-- command: report
-- step: 16 populations_stats_by_course
-- sets: weekly
-- scope: group
-- grain: course_id
-- files: populations_stats_by_course.csv
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  COUNT(*) AS registered_sum, -- INTEGER: students who registered
  COUNTIF(viewed) AS viewed_sum, -- INTEGER: who viewed (opened a chapter)
  COUNTIF(explored) AS explored_sum, -- INTEGER: who explored (opened half of the chapters)
  COUNTIF(certified) AS certified_sum, -- INTEGER: who have a certificate
  COUNTIF(ip IS NOT NULL) AS n_have_ip, -- INTEGER: with a known address
  COUNTIF(ip IS NOT NULL AND cc_by_ip IS NULL) AS n_missing_cc -- INTEGER: with a known address whose country is not known
FROM person_course
WHERE forumRoles_isStudent = 1 OR forumRoles_isStudent IS NULL
GROUP BY course_id
ORDER BY course_id
