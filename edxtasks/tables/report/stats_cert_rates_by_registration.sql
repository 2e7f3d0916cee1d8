-- How many of those who registered for each course before it, during it and in all were certified.
-- The course begins with the launch and ends with the wrap, its last day in the listings; the empirical wrap is the
-- day on which it really ended. All who registered count, staff too. Where a date is not known, nobody is counted
-- as before or after it. Percentages are NULL where they would be of nobody.
-- command: analyze_content when force_recompute, analyze_course when force_recompute
-- scope: group
-- grain: course_id
-- files: stats_cert_rates_by_registration.csv
WITH
  registrations AS (
    SELECT
      person_course_latest.course_id,
      wrap,
      viewed,
      certified,
      start_time < launch AS before_launch,
      start_time >= launch AND start_time < wrap AS during_course,
      start_time < wrap AS by_wrap,
      start_time < empirical_wrap AS by_ewrap,
      SAFE_CAST(cert_created_date AS TIMESTAMP) < empirical_wrap AS certificate_by_ewrap
    FROM report.person_course_latest
    LEFT JOIN report.course_dates ON person_course_latest.course_id = course_dates.course_id
  ),
  counts AS (
    SELECT
      course_id,
      wrap,
      COUNT(*) AS nregistered,
      COUNTIF(certified) AS ncertified,
      COUNTIF(certified AND viewed AND certificate_by_ewrap) AS ncertified_by_ewrap,
      COUNTIF(viewed) AS nviewed,
      COUNTIF(by_wrap) AS nregistered_by_wrap,
      COUNTIF(viewed AND by_wrap) AS nviewed_by_wrap,
      COUNTIF(viewed AND by_ewrap) AS nviewed_by_ewrap,
      COUNTIF(before_launch) AS nregistered_before_launch,
      COUNTIF(certified AND before_launch) AS ncertified_and_registered_before_launch,
      COUNTIF(during_course) AS nregistered_during_course,
      COUNTIF(certified AND during_course) AS ncertified_and_registered_during_course
    FROM registrations
    GROUP BY course_id, wrap
  )
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  wrap AS wrap_date, -- TIMESTAMP: last second of the last day by the listings; NULL where it is not known
  nregistered, -- INTEGER: who registered
  ncertified, -- INTEGER: of these, who have a certificate
  ncertified_by_ewrap, -- INTEGER: who viewed and have a certificate made before the empirical wrap
  nviewed, -- INTEGER: who viewed (opened a chapter)
  nregistered_by_wrap, -- INTEGER: who registered before the wrap
  100.0 * SAFE_DIVIDE(nregistered_by_wrap, nregistered) AS nregistered_by_wrap_pct, -- FLOAT: these, percent of nregistered
  nviewed_by_wrap, -- INTEGER: who registered before the wrap and viewed, whenever that was
  nviewed_by_ewrap, -- INTEGER: who registered before the empirical wrap and viewed, whenever that was
  nregistered_before_launch, -- INTEGER: who registered before the launch
  ncertified_and_registered_before_launch, -- INTEGER: of these, who have a certificate
  nregistered_during_course, -- INTEGER: who registered from the launch on, before the wrap
  ncertified_and_registered_during_course, -- INTEGER: of these, who have a certificate
  100.0 * SAFE_DIVIDE(ncertified, nregistered) AS pct_certified_of_reg, -- FLOAT: ncertified, percent of nregistered
  100.0 * SAFE_DIVIDE(ncertified_and_registered_before_launch, nregistered_before_launch) AS pct_certified_reg_before_launch, -- FLOAT: certified among those who registered before the launch, percent
  100.0 * SAFE_DIVIDE(ncertified_and_registered_during_course, nregistered_during_course) AS pct_certified_reg_during_course, -- FLOAT: certified among those who registered during the course, percent
  100.0 * SAFE_DIVIDE(ncertified, nregistered_by_wrap) AS pct_certified_of_reg_by_wrap, -- FLOAT: ncertified, percent of nregistered_by_wrap
  100.0 * SAFE_DIVIDE(ncertified, nviewed) AS pct_certified_of_viewed, -- FLOAT: ncertified, percent of nviewed
  100.0 * SAFE_DIVIDE(ncertified, nviewed_by_wrap) AS pct_certified_of_viewed_by_wrap, -- FLOAT: ncertified, percent of nviewed_by_wrap; may be over 100
  100.0 * SAFE_DIVIDE(ncertified_by_ewrap, nviewed_by_ewrap) AS pct_certified_of_viewed_by_ewrap -- FLOAT: ncertified_by_ewrap, percent of nviewed_by_ewrap
FROM counts
ORDER BY course_id
