-- Addresses of the accounts of the chosen courses, for mailing lists.
-- command: report
-- sets: weekly
-- step: 10 email_addresses
-- scope: group
-- grain: username, email
-- files: email_addresses.csv when export_personal_data
SELECT
  username, -- STRING: name of the account
  email, -- STRING: address; NULL where the dump has none
  COUNT(*) AS ncourses -- INTEGER: courses that have the account with this address
FROM user_info_combo
WHERE username IS NOT NULL
GROUP BY username, email
ORDER BY username, email
