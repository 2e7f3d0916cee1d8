-- How many registered for each course, and how many of them before it ended. All who registered count, staff too.
-- command: analyze_content when force_recompute, analyze_course when force_recompute
-- scope: group
-- grain: course_id
-- files: nregistered_by_wrap.csv
SELECT
  person_course_latest.course_id, -- STRING: course key, ORG/NUMBER/RUN
  wrap AS wrap_date, -- TIMESTAMP: last second of the last day by the listings; NULL where it is not known
  COUNT(*) AS nregistered, -- INTEGER: who registered
  COUNTIF(start_time < wrap) AS nregistered_by_wrap, -- INTEGER: who registered before the wrap; 0 where that is not known
  100.0 * SAFE_DIVIDE(COUNTIF(start_time < wrap), COUNT(*)) AS nregistered_by_wrap_pct -- FLOAT: these, percent of nregistered
FROM report.person_course_latest
LEFT JOIN report.course_dates ON person_course_latest.course_id = course_dates.course_id
GROUP BY person_course_latest.course_id, wrap
ORDER BY person_course_latest.course_id
