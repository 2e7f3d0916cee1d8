-- How many people registered for each course, came, explored it, were certified, and what they did.
-- Counted are students: who has the role of a student in the forum, or none that is known. Sums and means
-- ignore what is not known, and are NULL where nothing is; counts are never NULL. Misspelt names are kept:
-- dashboards read them.
-- command: report
-- step: 2 broad_stats_by_course
-- sets: weekly
-- scope: group
-- may be empty: up to 100 rows
-- grain: course_id
-- files: broad_stats_by_course.csv
WITH
  students AS (
    SELECT
      *,
      IFNULL(mode = 'verified', FALSE) AS verified,
      IFNULL(LoE IN ('b', 'm', 'p', 'p_oth', 'p_se'), FALSE) AS has_bachelor,
      IFNULL(LoE IN ('a', 'el', 'hs', 'jhs', 'none'), FALSE) AS has_less
    FROM person_course
    WHERE forumRoles_isStudent = 1 OR forumRoles_isStudent IS NULL
  )
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  COUNT(*) AS registered_sum, -- INTEGER: students who registered
  COUNTIF(viewed) AS viewed_sum, -- INTEGER: who viewed (opened a chapter)
  COUNTIF(explored AND viewed) AS explored_sum, -- INTEGER: who viewed and explored (opened half of the chapters)
  COUNTIF(certified AND viewed) AS certified_sum, -- INTEGER: who viewed and have a certificate
  COUNTIF(certified AND explored AND viewed) AS certified_and_explored_sum, -- INTEGER: who viewed, explored and have a certificate
  COUNTIF((certified OR explored) AND viewed) AS certified_or_explored_sum, -- INTEGER: who viewed, and explored or have a certificate
  COUNTIF(gender = 'm') AS n_male, -- INTEGER: men
  COUNTIF(gender = 'f') AS n_female, -- INTEGER: women
  COUNTIF(cc_by_ip = 'US' AND viewed) AS n_usa_and_viewed, -- INTEGER: who viewed, from an address in the United States
  COUNTIF(has_bachelor) AS n_bachplus_in_reg, -- INTEGER: with a bachelor's degree or more
  COUNTIF(has_bachelor AND viewed) AS n_bachplus_in_viewed, -- INTEGER: who viewed, with a bachelor's degree or more
  COUNTIF(has_less) AS n_not_bachplus_in_reg, -- INTEGER: with less than a bachelor's degree
  COUNTIF(has_less AND viewed) AS n_not_bachplus_in_viewed, -- INTEGER: who viewed, with less than a bachelor's degree
  COUNTIF(gender = 'm' AND viewed) AS n_male_viewed, -- INTEGER: men who viewed
  COUNTIF(gender = 'f' AND viewed) AS n_female_viewed, -- INTEGER: women who viewed
  COUNTIF(verified) AS n_verified_id, -- INTEGER: enrolled as verified
  COUNTIF(verified AND viewed) AS verified_viewed, -- INTEGER: verified who viewed
  COUNTIF(verified AND explored) AS verified_explored, -- INTEGER: verified who explored
  COUNTIF(verified AND certified) AS verified_certified, -- INTEGER: verified who have a certificate
  AVG(IF(verified, grade, NULL)) AS verified_avg_grade, -- FLOAT: mean grade of the verified, 0 to 1
  COUNTIF(verified AND gender = 'm') AS verified_n_male, -- INTEGER: verified men
  COUNTIF(verified AND gender = 'f') AS verified_n_female, -- INTEGER: verified women
  COUNTIF(grade > 0) AS n_reg_nonzero_grade, -- INTEGER: with a grade above 0
  COUNTIF(grade > 0 AND viewed) AS n_viewed_nonzero_grade, -- INTEGER: who viewed, with a grade above 0
  COUNTIF(grade > 0 AND viewed AND explored) AS n_explored_nonzero_grade, -- INTEGER: who viewed and explored, with a grade above 0
  SUM(nplay_video) AS nplay_video_sum, -- INTEGER: events play_video
  AVG(nchapters) AS nchapters_avg, -- FLOAT: mean of the chapters opened
  SUM(ndays_act) AS ndays_act_sum, -- INTEGER: days with events
  SUM(nevents) AS nevents_sum, -- INTEGER: events
  SUM(nforum_posts) AS nforum_posts_sum, -- INTEGER: posts in the forum
  MIN(IF(certified, grade, NULL)) AS min_gade_certified, -- FLOAT: least grade with a certificate, 0 to 1
  MIN(start_time) AS min_start_time, -- TIMESTAMP: first enrolment
  MAX(last_event) AS max_last_event, -- TIMESTAMP: last event of the log
  MAX(nchapters) AS max_nchapters, -- INTEGER: most chapters that one student opened
  SUM(nforum_votes) AS nforum_votes_sum, -- INTEGER: votes for posts
  SUM(nforum_endorsed) AS nforum_endorsed_sum, -- INTEGER: endorsed posts
  SUM(nforum_threads) AS nforum_threads_sum, -- INTEGER: threads opened
  SUM(nforum_comments) AS nforum_commments_sum, -- INTEGER: responses and comments
  SUM(nforum_pinned) AS nforum_pinned_sum, -- INTEGER: pinned posts
  AVG(IF(viewed, nprogcheck, NULL)) AS nprogcheck_avg, -- FLOAT: mean of the visits of the progress page, of those who viewed
  AVG(IF(certified, nprogcheck, NULL)) AS certified_nprogcheck, -- FLOAT: the same, of those who have a certificate
  AVG(IF(verified, nprogcheck, NULL)) AS verified_nprogcheck, -- FLOAT: the same, of the verified
  SUM(nshow_answer) AS nshow_answer_sum, -- INTEGER: answers asked for
  SUM(nseq_goto) AS nseq_goto_sum, -- INTEGER: events seq_goto
  SUM(npause_video) AS npause_video_sum, -- INTEGER: events pause_video
  AVG(avg_dt) AS avg_of_avg_dt, -- FLOAT: mean of avg_dt, seconds
  AVG(sum_dt) AS avg_of_sum_dt, -- FLOAT: mean of sum_dt, seconds
  AVG(IF(certified, avg_dt, NULL)) AS certified_avg_dt, -- FLOAT: mean of avg_dt of those who have a certificate, seconds
  AVG(IF(certified, sum_dt, NULL)) AS certified_sum_dt, -- FLOAT: mean of sum_dt of those who have a certificate, seconds
  COUNTIF(ip IS NOT NULL) AS n_have_ip, -- INTEGER: with a known address
  COUNTIF(ip IS NOT NULL AND cc_by_ip IS NULL) AS n_missing_cc -- INTEGER: with a known address whose country is not known
FROM students
GROUP BY course_id
ORDER BY course_id
