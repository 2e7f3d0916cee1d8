-- The typical learner of each course, among those who viewed, explored, were certified, were verified: medians.
-- A median is the lower one: of n known values in order, number n/2, rounded up; NULL where none is known. Only
-- students count: who has the role of a student in the forum, or none that is known.
-- command: report
-- step: 6 viewed_median_stats_by_course, 7 explored_median_stats_by_course, 8 certified_median_stats_by_course, 9 verified_median_stats_by_course
-- sets: weekly
-- scope: group
-- may be empty: up to 100 rows
-- grain: course_id, learners
-- internal: yes
WITH
  students AS (
    SELECT *, 2014 - YoB AS age_in_2014
    FROM person_course
    WHERE forumRoles_isStudent = 1 OR forumRoles_isStudent IS NULL
  ),
  qualifying AS (
    SELECT students.*, learners
    FROM students
    CROSS JOIN UNNEST(['viewed', 'explored', 'certified', 'verified']) AS learners
    WHERE
      CASE learners
        WHEN 'viewed' THEN viewed
        WHEN 'explored' THEN explored AND viewed
        WHEN 'certified' THEN certified AND viewed
        ELSE mode = 'verified' AND viewed
      END
  ),
  with_medians AS (
    SELECT
      course_id,
      learners,
      nplay_video,
      grade,
      nforum_posts,
      PERCENTILE_DISC(nplay_video, 0.5) OVER of_course AS nplay_video_median,
      PERCENTILE_DISC(ndays_act, 0.5) OVER of_course AS ndays_act_median,
      PERCENTILE_DISC(nchapters, 0.5) OVER of_course AS nchapters_median,
      PERCENTILE_DISC(nevents, 0.5) OVER of_course AS nevents_median,
      PERCENTILE_DISC(nforum_posts, 0.5) OVER of_course AS nforum_posts_median,
      PERCENTILE_DISC(grade, 0.5) OVER of_course AS grade_median,
      PERCENTILE_DISC(nforum_votes, 0.5) OVER of_course AS nforum_votes_median,
      PERCENTILE_DISC(nforum_endorsed, 0.5) OVER of_course AS nforum_endorsed_median,
      PERCENTILE_DISC(nforum_threads, 0.5) OVER of_course AS nforum_threads_median,
      PERCENTILE_DISC(nforum_comments, 0.5) OVER of_course AS nforum_comments_median,
      PERCENTILE_DISC(nprogcheck, 0.5) OVER of_course AS nprogcheck_median,
      PERCENTILE_DISC(nshow_answer, 0.5) OVER of_course AS nshow_answer_median,
      PERCENTILE_DISC(npause_video, 0.5) OVER of_course AS npause_video_median,
      PERCENTILE_DISC(avg_dt, 0.5) OVER of_course AS avg_dt_median,
      PERCENTILE_DISC(sum_dt, 0.5) OVER of_course AS sum_dt_median,
      PERCENTILE_DISC(age_in_2014, 0.5) OVER of_course AS age_in_2014_median
    FROM qualifying
    WINDOW of_course AS (PARTITION BY course_id, learners)
  )
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  learners, -- STRING: who counts: viewed, or viewed and explored, certified or verified
  MAX(nplay_video_median) AS nplay_video_median, -- INTEGER: median of the events play_video
  MAX(ndays_act_median) AS ndays_act_median, -- INTEGER: median of the days with events
  MAX(nchapters_median) AS nchapters_median, -- INTEGER: median of the chapters opened
  MAX(nevents_median) AS nevents_median, -- INTEGER: median of the events
  MAX(nforum_posts_median) AS nforum_posts_median, -- INTEGER: median of the posts in the forum
  MAX(grade_median) AS grade_median, -- FLOAT: median of grade: grade, 0 to 1
  MAX(nforum_votes_median) AS nforum_votes_median, -- INTEGER: median of the votes for posts
  MAX(nforum_endorsed_median) AS nforum_endorsed_median, -- INTEGER: median of the endorsed posts
  MAX(nforum_threads_median) AS nforum_threads_median, -- INTEGER: median of the threads opened
  MAX(nforum_comments_median) AS nforum_comments_median, -- INTEGER: median of the responses and comments
  MAX(nprogcheck_median) AS nprogcheck_median, -- INTEGER: median of the visits of the progress page
  MAX(nshow_answer_median) AS nshow_answer_median, -- INTEGER: median of the answers asked for
  MAX(npause_video_median) AS npause_video_median, -- INTEGER: median of the events pause_video
  MAX(avg_dt_median) AS avg_dt_median, -- FLOAT: median of avg_dt: mean gap between events, seconds
  MAX(sum_dt_median) AS sum_dt_median, -- FLOAT: median of sum_dt: time spent as a sum of gaps between events, seconds
  MAX(age_in_2014_median) AS age_in_2014_median, -- INTEGER: median of the age in 2014, by the year of birth as given
  SAFE_DIVIDE(COUNTIF(nplay_video > 0), COUNT(*)) AS frac_nonzero_play_video, -- FLOAT: fraction of the learners with an event play_video
  COUNTIF(nplay_video > 0) AS sum_n_nonzero_play_video, -- INTEGER: learners with an event play_video
  SAFE_DIVIDE(COUNTIF(grade > 0), COUNT(*)) AS frac_nonzero_grade, -- FLOAT: fraction of the learners with a grade above 0
  COUNTIF(grade > 0) AS sum_n_nonzero_grade, -- INTEGER: learners with a grade above 0
  SAFE_DIVIDE(COUNTIF(nforum_posts > 0), COUNT(*)) AS frac_nonzero_forum_posts, -- FLOAT: fraction of the learners with a post in the forum
  COUNTIF(nforum_posts > 0) AS sum_n_nonzeo_nforum_posts, -- INTEGER: learners with a post in the forum (the misspelt name is kept)
  COUNT(*) AS n_records -- INTEGER: learners
FROM with_medians
GROUP BY course_id, learners
