-- What learners had done when their identity was verified; of others, until the last verification of the course.
-- Of persons with an answered problem until that time, and activity on a date before it. Without any verified person
-- in the course there are no rows.
-- command: analyze_idv
-- may be empty: yes
-- grain: user_id
-- optional: person_course
-- borrowed: report.person_course_viewed
WITH
  last_verified AS (
    SELECT MAX(verified_enroll_time) AS cutoff
    FROM person_course
  ),
  persons AS (
    SELECT
      person_course.user_id,
      person_course.username,
      person_course.gender,
      person_course.YoB,
      person_course.LoE,
      person_course.verified_enroll_time,
      person_course.verified_unenroll_time,
      person_course.nforum_pinned,
      person_course.forumRoles_isModerator,
      person_course.grade,
      person_course.certified,
      person_course.countryLabel,
      person_course.start_time,
      CASE
        WHEN person_course.verified_enroll_time IS NOT NULL THEN person_course.verified_enroll_time
        WHEN person_course.viewed THEN last_verified.cutoff
      END AS cutoff
    FROM person_course
    CROSS JOIN last_verified
  ),
  answers AS (
    SELECT
      persons.user_id,
      COUNT(*) AS n_records,
      SUM((SELECT COUNTIF(one.correct_bool) FROM UNNEST(problem_analysis.item) AS one)) AS n_correct,
      SUM((SELECT COUNTIF(NOT one.correct_bool) FROM UNNEST(problem_analysis.item) AS one)) AS n_incorrect,
      SUM(problem_analysis.grade) AS points
    FROM persons
    INNER JOIN problem_analysis
      ON problem_analysis.user_id = persons.user_id AND problem_analysis.created <= persons.cutoff
    GROUP BY persons.user_id
  ),
  activity AS (
    SELECT
      persons.user_id,
      SUM(nshow_answer) AS n_show_answer,
      SUM(nprogcheck) AS n_progcheck,
      SUM(nvideo) AS n_video,
      SUM(nforum_reads) AS n_forum_reads,
      SUM(nforum_posts) AS n_forum_posts,
      SUM(sum_dt) AS seconds
    FROM persons
    INNER JOIN person_course_day
      ON person_course_day.username = persons.username AND person_course_day.date < DATE(persons.cutoff)
    GROUP BY persons.user_id
  ),
  other_courses AS (
    SELECT
      persons.user_id,
      COUNTIF(other.verified_enroll_time IS NOT NULL) AS n_other_idv,
      COUNTIF(other.start_time < persons.start_time AND other.verified_enroll_time IS NOT NULL) AS n_previous_idv,
      COUNTIF(other.start_time < persons.start_time AND other.certified) AS n_previous_certified,
      COUNTIF(other.start_time < persons.start_time AND other.viewed) AS n_previous_participated,
      COUNTIF(
        other.start_time < persons.start_time AND other.verified_enroll_time IS NOT NULL AND other.certified
      ) AS n_previous_idv_certified
    FROM persons
    INNER JOIN report.person_course_viewed AS other
      ON other.user_id = persons.user_id AND other.course_id != @course_id
    GROUP BY persons.user_id
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  persons.user_id, -- INTEGER: account id
  persons.username, -- STRING: learner
  persons.verified_enroll_time IS NOT NULL AS is_idv, -- BOOLEAN: enrolled as verified
  IFNULL(n_other_idv, 0) AS n_other_idv, -- INTEGER: other courses with a verified enrolment
  IFNULL(n_previous_idv, 0) AS n_previous_idv, -- INTEGER: of other courses enrolled in before this one, verified
  IFNULL(n_previous_certified, 0) AS n_previous_certified, -- INTEGER: of these, certified
  IFNULL(n_previous_participated, 0) AS n_previous_participated, -- INTEGER: of these, opened
  IFNULL(n_previous_idv_certified, 0) AS n_previous_idv_certified, -- INTEGER: of these, verified and certified
  gender, -- STRING: m, f, o or blank
  YoB, -- INTEGER: year of birth as given
  LoE, -- STRING: level of education, edX's code
  answers.n_records AS n_problem_records, -- INTEGER: problems answered until then
  answers.n_correct, -- INTEGER: items of these that are right
  answers.n_incorrect, -- INTEGER: items of these that are wrong
  answers.points AS total_problem_points, -- FLOAT: points of these problems; NULL where none has any
  verified_enroll_time, -- TIMESTAMP: when enrolled as verified
  verified_unenroll_time, -- TIMESTAMP: when that ended
  DATE(verified_enroll_time) AS verified_enroll_date, -- DATE: UTC date of the enrolment as verified
  DATE(verified_unenroll_time) AS verified_unenroll_date, -- DATE: UTC date on which that ended
  nforum_pinned, -- INTEGER: pinned posts in the forum, of all time; NULL if none
  forumRoles_isModerator AS is_forum_moderator, -- INTEGER: 1 or NULL
  grade AS final_course_grade, -- FLOAT: grade at the end, 0 to 1
  certified AS earned_certificate, -- BOOLEAN: has a certificate
  activity.n_show_answer, -- INTEGER: answers asked for, here and below on dates before
  activity.n_progcheck AS nprogcheck, -- INTEGER: visits of the progress page
  activity.n_video AS nvideo, -- INTEGER: events play_video
  activity.n_forum_reads AS nforum_reads, -- INTEGER: threads read
  activity.n_forum_posts AS nforum_posts, -- INTEGER: posts written
  activity.seconds / 3600 AS hours_on_system, -- FLOAT: sum of gaps between events, hours; NULL without any
  countryLabel, -- STRING: country of the usual address
  start_time -- TIMESTAMP: when enrolled
FROM persons
INNER JOIN answers ON answers.user_id = persons.user_id
INNER JOIN activity ON activity.user_id = persons.user_id
LEFT JOIN other_courses ON other_courses.user_id = persons.user_id
ORDER BY verified_enroll_date, persons.user_id
