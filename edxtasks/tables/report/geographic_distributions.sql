-- How many students of all chosen courses come from each country, by the address that they used most.
-- command: report
-- step: 18 geographic_distributions
-- sets: weekly
-- scope: group
-- may be empty: up to 100 rows
-- grain: cc, countryLabel
-- files: geographic_distributions.csv
SELECT
  cc_by_ip AS cc, -- STRING: two-letter code of the country; NULL where it is not known
  countryLabel, -- STRING: its English name; NULL where it is not known
  COUNTIF(certified) AS ncertified, -- INTEGER: registrations with a certificate
  COUNTIF(registered) AS nregistered, -- INTEGER: registrations
  COUNTIF(viewed) AS nviewed, -- INTEGER: registrations that viewed (opened a chapter)
  COUNTIF(explored) AS nexplored, -- INTEGER: registrations that explored (opened half of the chapters)
  COUNTIF(mode = 'verified') AS nverified, -- INTEGER: registrations as verified
  COUNTIF(mode = 'verified' AND certified) AS ncert_verified, -- INTEGER: registrations as verified with a certificate
  AVG(IF(certified, avg_dt, NULL)) AS avg_certified_dt -- FLOAT: mean of avg_dt of those with a certificate, seconds
FROM person_course
WHERE forumRoles_isStudent = 1 OR forumRoles_isStudent IS NULL
GROUP BY cc, countryLabel
ORDER BY nverified DESC, cc, countryLabel
