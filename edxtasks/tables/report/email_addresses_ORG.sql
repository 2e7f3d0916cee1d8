-- Addresses of the accounts of the courses of an organization, for mailing lists.
-- command: report
-- sets: weekly
-- step: 11 email_addresses_ORG
-- scope: group
-- for each: organization
-- grain: username, email
-- files: email_addresses_ORG.csv when export_personal_data
SELECT
  username, -- STRING: name of the account
  email, -- STRING: address; NULL where the dump has none
  COUNT(*) AS ncourses -- INTEGER: courses that have the account with this address
FROM user_info_combo
WHERE username IS NOT NULL
GROUP BY username, email
ORDER BY username, email
