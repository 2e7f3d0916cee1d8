-- Until when events are compared in the search for answer sharing: the setting cameo_cutoff.
-- With `auto`: a week after the last due date and the last certificate; where that is not known, or less than a
-- week after the start of the course, a year after the start. A date counts as a whole. One row, so that other
-- tables change only when the time does.
-- command: ip_sybils
-- may be empty: yes
-- step: 3 (on request)
-- grain: one row
-- optional: course_axis, user_info_combo
-- internal: yes
WITH
  -- What is due in the year 9999 is never due: there is no time a week later.
  dates_of_course AS (
    SELECT
      LEAST(COALESCE(MIN(start), MIN(due)), TIMESTAMP '9998-12-31 00:00:00 UTC') AS first_time,
      LEAST(MAX(due), TIMESTAMP '9998-12-31 00:00:00 UTC') AS last_due
    FROM course_axis
  ),
  certificates AS (
    SELECT LEAST(MAX(certificate_created_date), TIMESTAMP '9998-12-31 00:00:00 UTC') AS last_certificate
    FROM user_info_combo
  ),
  ends AS (
    SELECT
      first_time,
      TIMESTAMP_ADD(
        COALESCE(GREATEST(last_due, last_certificate), last_due, last_certificate), INTERVAL 7 DAY
      ) AS last_time
    FROM dates_of_course
    CROSS JOIN certificates
  )
SELECT
  CASE
    WHEN @cameo_cutoff IS NULL THEN NULL
    WHEN @cameo_cutoff != 'auto' THEN TIMESTAMP(DATE_ADD(PARSE_DATE('%Y-%m-%d', @cameo_cutoff), INTERVAL 1 DAY))
    WHEN last_time IS NULL OR last_time < TIMESTAMP_ADD(first_time, INTERVAL 7 DAY)
      THEN TIMESTAMP_ADD(first_time, INTERVAL 365 DAY)
    ELSE last_time
  END AS cutoff -- TIMESTAMP: events before this time are compared; NULL: all
FROM ends
