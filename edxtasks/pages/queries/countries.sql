-- How many learners are in which country: by address, and where that is not known, as the profile says.
-- command: dashboard
-- grain: country
SELECT
  COALESCE(NULLIF(cc_by_ip, ''), NULLIF(profile_country, '')) AS country, -- STRING: two-letter code; NULL where it is not known
  COUNT(*) AS learners -- INTEGER: learners
FROM person_course
GROUP BY country
ORDER BY country
