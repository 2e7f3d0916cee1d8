-- The addresses without a country in the combined person_course, the most frequent first.
-- command: makegeoip
-- may be empty: yes
-- required when named: yes
-- scope: group
-- grain: ip
-- input report.person_course_latest: from table, org
SELECT
  ip, -- STRING: address without a country; NULL: rows without an address
  COUNT(*) AS n -- INTEGER: rows that have it
FROM report.person_course_latest
WHERE IFNULL(cc_by_ip, '') = ''
GROUP BY ip
ORDER BY n DESC, ip
