-- How many students registered for each course and left it, on each UTC date on which anybody did.
-- A person registers on the date of start_time. One who is no longer enrolled leaves on the date of the last
-- event: nothing says when it was, and who left without any event is not counted as leaving. Dates without
-- anybody have no row.
-- command: report
-- step: 14 enrollday_sql
-- sets: weekly
-- scope: group
-- may be empty: up to 100 rows
-- grain: course_id, date
-- files: enrollday_sql.csv
WITH
  students AS (
    SELECT course_id, start_time, last_event, is_active, IFNULL(mode = 'verified', FALSE) AS verified
    FROM person_course
    WHERE forumRoles_isStudent = 1 OR forumRoles_isStudent IS NULL
  ),
  changes AS (
    (
      SELECT course_id, DATE(start_time) AS date, 1 AS registered, 0 AS unregistered, verified
      FROM students
      WHERE start_time IS NOT NULL
    )
    UNION ALL
    (
      SELECT course_id, DATE(last_event) AS date, 0 AS registered, 1 AS unregistered, verified
      FROM students
      WHERE is_active = 0 AND last_event IS NOT NULL
    )
  ),
  by_date AS (
    SELECT
      course_id,
      date,
      SUM(registered) AS registered,
      SUM(unregistered) AS unregistered,
      SUM(IF(verified, registered, 0)) AS verified_registered,
      SUM(IF(verified, unregistered, 0)) AS verified_unregistered
    FROM changes
    GROUP BY course_id, date
  )
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  date, -- DATE: UTC date
  registered AS nregistered_ever, -- INTEGER: who registered on this date
  unregistered AS n_unregistered, -- INTEGER: who left on this date
  registered - unregistered AS nregistered_net, -- INTEGER: registered less left on this date
  SUM(registered) OVER up_to_date AS nregistered_ever_cum, -- INTEGER: who registered up to this date
  SUM(registered - unregistered) OVER up_to_date AS nregistered_net_cum, -- INTEGER: registered less left up to this date
  verified_registered AS nverified_ever, -- INTEGER: as nregistered_ever, of those whose mode is verified now
  verified_unregistered AS nverified_un_registered, -- INTEGER: as n_unregistered, of those whose mode is verified now
  verified_registered - verified_unregistered AS nverified_net, -- INTEGER: as nregistered_net, of those whose mode is verified now
  SUM(verified_registered) OVER up_to_date AS nverified_ever_cum, -- INTEGER: as nregistered_ever_cum, of those whose mode is verified now
  SUM(verified_registered - verified_unregistered) OVER up_to_date AS nverified_net_cum -- INTEGER: as nregistered_net_cum, of those whose mode is verified now
FROM by_date
WINDOW up_to_date AS (PARTITION BY course_id ORDER BY date)
ORDER BY course_id, date
