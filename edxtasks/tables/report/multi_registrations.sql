-- For how many of the chosen courses each account registered, those with the most first.
-- All who registered are counted, staff too.
-- command: report
-- may be empty: yes
-- step: 17 multi_registrations
-- sets: weekly
-- scope: group
-- grain: user_id
-- files: multi_registrations.csv
SELECT
  user_id, -- INTEGER: account id
  COUNT(*) AS n_courses_registered -- INTEGER: registrations
FROM person_course
GROUP BY user_id
ORDER BY n_courses_registered DESC, user_id
