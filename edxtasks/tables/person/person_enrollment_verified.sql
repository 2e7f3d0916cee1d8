-- When each learner became a verified one, and left that mode by un-enrolling.
-- command: enrollment_events
-- may be empty: yes
-- sets: doall
-- grain: user_id
-- check enrolled_before_unenrolled (warning): verified_enroll_time <= verified_unenroll_time
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  user_id, -- INTEGER: account id
  MIN(IF(activated OR mode_changed, time, NULL)) AS verified_enroll_time, -- TIMESTAMP: first enrolled as or changed to verified
  MAX(IF(deactivated, time, NULL)) AS verified_unenroll_time -- TIMESTAMP: last un-enrolled from verified
FROM enrollment_events
WHERE mode = 'verified'
  AND user_id IS NOT NULL
  AND (activated OR deactivated OR mode_changed)
GROUP BY course_id, user_id
