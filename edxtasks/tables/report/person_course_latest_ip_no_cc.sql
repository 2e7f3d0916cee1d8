-- The addresses without a country in the combined person_course, the most frequent first.
-- command: makegeoip
-- scope: group
-- grain: ip
SELECT
  ip, -- STRING: address without a country; NULL: rows without an address
  COUNT(*) AS n -- INTEGER: rows that have it
FROM report.person_course_latest
WHERE IFNULL(cc_by_ip, '') = ''
GROUP BY ip
ORDER BY n DESC, ip
