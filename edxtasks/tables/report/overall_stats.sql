-- Totals over all chosen courses, in one row.
-- command: report
-- step: 19 overall_stats
-- sets: weekly
-- scope: group
-- grain: one row
-- files: overall_stats.csv
WITH
  courses AS (
    SELECT
      SUM(registered_sum) AS registered,
      SUM(viewed_sum) AS viewed,
      SUM(explored_sum) AS explored,
      SUM(certified_sum) AS certified,
      SUM(n_verified_id) AS verified_id,
      SUM(verified_viewed) AS verified_viewed,
      SUM(verified_explored) AS verified_explored,
      SUM(verified_certified) AS verified_certified,
      AVG(SAFE_DIVIDE(certified_nprogcheck, nprogcheck_avg)) AS nprogcheck_ratio,
      SUM(n_missing_cc) AS missing_cc
    FROM report.broad_stats_by_course
  ),
  registrants AS (
    SELECT COUNT(*) AS accounts, SUM(n_courses_registered) AS registrations
    FROM report.multi_registrations
  )
SELECT
  registered AS total_registered, -- INTEGER: registrations of students
  viewed AS total_viewed, -- INTEGER: of these, who viewed
  explored AS total_explored, -- INTEGER: of these, who viewed and explored
  certified AS total_certified, -- INTEGER: of these, who viewed and have a certificate
  verified_id AS total_verified_id, -- INTEGER: of these, enrolled as verified
  verified_viewed AS total_verified_viewed, -- INTEGER: verified who viewed
  verified_explored AS total_verified_explored, -- INTEGER: verified who explored
  verified_certified AS total_verified_certified, -- INTEGER: verified who have a certificate
  100.0 * SAFE_DIVIDE(verified_certified, verified_id) AS total_verified_certification_pct, -- FLOAT: certified among the verified, percent; NULL without any verified
  nprogcheck_ratio AS total_avg_nprogcheck_ratio_cert_vs_all, -- FLOAT: mean over courses of the visits of the progress page by the certified, divided by those of all who viewed; courses where one is not known or the divisor is 0 are left out
  missing_cc AS total_n_missing_cc, -- INTEGER: students with a known address whose country is not known
  accounts AS multi_n_unique_registrants, -- INTEGER: accounts that registered for a course
  registrations AS multi_course_registrations -- INTEGER: registrations of all accounts, staff too
FROM courses
CROSS JOIN registrants
