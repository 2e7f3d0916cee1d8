-- From which address each learner came on each date, and how often.
-- command: pcday_ip
-- sets: doall
-- may be empty: up to 100 rows
-- grain: username, ip, date
-- partition: date
SELECT
  username, -- STRING: learner
  ip, -- STRING: address as logged; blank is a value of its own
  DATE(time) AS date, -- DATE: UTC date
  COUNT(*) AS ipcount, -- INTEGER: named events, calls of block handlers among them
  @course_id AS course_id -- STRING: course key, ORG/NUMBER/RUN
FROM tracklog
WHERE username != ''
GROUP BY username, ip, date
