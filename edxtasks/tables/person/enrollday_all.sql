-- What each enrolment event adds to the numbers enrolled as honor, verified and audit.
-- edX logs a new enrolment in another mode than the default twice (activated and mode_changed): a direct
-- verified enrolment adds 2 here, a new honor one -1 to verified. Net numbers come from enrollment_events.
-- command: enrollment_day
-- sets: doall
-- may be empty: yes
-- grain: event
-- partition: time
WITH
  enrollments AS (
    SELECT
      time,
      COALESCE(SAFE_CAST(JSON_VALUE(event, '$.user_id') AS INT64), event_struct.user_id, context.user_id) AS user_id,
      JSON_VALUE(event, '$.mode') AS mode,
      event_type = 'edx.course.enrollment.mode_changed' AS is_change,
      CASE event_type
        WHEN 'edx.course.enrollment.activated' THEN 1
        WHEN 'edx.course.enrollment.deactivated' THEN -1
        ELSE 0
      END AS difference
    FROM tracklog
    WHERE event_type IN (
        'edx.course.enrollment.activated',
        'edx.course.enrollment.deactivated',
        'edx.course.enrollment.mode_changed'
      )
      AND time > TIMESTAMP '2010-10-01 01:02:03 UTC'
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  time, -- TIMESTAMP: when
  user_id, -- INTEGER: account id of the learner enrolled
  IF(mode = 'honor', difference, 0) AS diff_enrollment_honor, -- INTEGER: 1 activated as honor, -1 deactivated; a change of mode counts 0
  CASE
    WHEN mode = 'verified' AND is_change THEN 1
    WHEN mode = 'honor' AND is_change THEN -1
    WHEN mode = 'verified' THEN difference
    ELSE 0
  END AS diff_enrollment_verified, -- INTEGER: 1 activated as or changed to verified, -1 deactivated or changed to honor
  IF(mode = 'audit', difference, 0) AS diff_enrollment_audit -- INTEGER: 1 activated as audit, -1 deactivated; a change of mode counts 0
FROM enrollments
