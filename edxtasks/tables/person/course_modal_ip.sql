-- The address that each learner used most in the course.
-- command: person_course
-- sets: doall
-- excluded by: skip_geoip
-- grain: username
WITH
  addresses AS (
    SELECT username, ip, SUM(ipcount) AS ip_count, MAX(date) AS last_date
    FROM pcday_ip_counts
    WHERE TRIM(ip) != ''
    GROUP BY username, ip
  )
SELECT
  username, -- STRING: learner
  ip AS modal_ip, -- STRING: address of most events; in a tie the one used last, then the least
  ip_count, -- INTEGER: events from it
  COUNT(*) OVER (PARTITION BY username) AS n_different_ip -- INTEGER: different addresses
FROM addresses
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY username ORDER BY ip_count DESC, last_date DESC, ip) = 1
