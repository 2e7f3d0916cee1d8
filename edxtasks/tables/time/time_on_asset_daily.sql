-- Seconds that each learner spent on each module of the course on each date.
-- Time is the gap between two events of a learner on the same module, whatever came between; it belongs to the
-- date of the later event. Calls of block handlers count here.
-- command: time_asset
-- may be empty: up to 1000 rows
-- grain: date, username, module_id
-- partition: date
-- stands with: just_do_totals
-- lookback: 30 minutes
-- check time_fits_the_date (error): time_umid30 < 24 * 3600 + 1800
-- check short_gaps_are_gaps (error): time_umid5 <= time_umid30
WITH
  -- Ids that were cut out of JSON text may keep its end.
  module_events AS (
    SELECT
      username,
      time,
      REGEXP_REPLACE(module_id, r'"(?:\]\}\}|\})$', '') AS module_id
    FROM tracklog
    WHERE username != ''
      AND module_id != ''
      AND event_type IS NOT NULL
  ),
  -- Gaps in microseconds since the learner's event before on the module.
  gaps AS (
    SELECT
      username,
      module_id,
      DATE(time) AS date,
      TIMESTAMP_DIFF(time, LAG(time) OVER (PARTITION BY username, module_id ORDER BY time), MICROSECOND) AS gap
    FROM module_events
    WHERE STRPOS(module_id, '"') = 0
      AND module_id != ''
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  date, -- DATE: UTC date
  username, -- STRING: learner
  module_id, -- STRING: module id
  SUM(IF(gap < 300000000, gap, NULL)) / 1000000 AS time_umid5, -- FLOAT: gaps shorter than 5 minutes, seconds; NULL if none
  SUM(IF(gap < 1800000000, gap, NULL)) / 1000000 AS time_umid30 -- FLOAT: gaps shorter than 30 minutes, seconds; NULL if none
FROM gaps
GROUP BY date, username, module_id
