-- What each learner did in the course on each UTC date: events, videos, forum, problems, time between events.
-- command: person_day
-- sets: doall
-- grain: username, date
-- partition: date
-- optional: pcday_video, pcday_forum, pcday_problem
-- check first_event_is_not_after_last (error): first_event <= last_event
-- check events_are_of_the_date (error): DATE(first_event) = date AND DATE(last_event) = date
-- check gaps_of_at_most_300_seconds (error): max_dt <= 300 AND sum_dt <= 300 * n_dt + 0.000001
WITH
  learner_days AS (
    SELECT username, date FROM pcday_log
    UNION DISTINCT
    SELECT username, date FROM pcday_video
    UNION DISTINCT
    SELECT username, date FROM pcday_forum
    UNION DISTINCT
    SELECT username, date FROM pcday_problem
  )
SELECT
  learner_days.username, -- STRING: learner
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  learner_days.date, -- DATE: UTC date
  IFNULL(nevents, 0) AS nevents, -- INTEGER: named events, calls of block handlers left out
  IFNULL(nprogcheck, 0) AS nprogcheck, -- INTEGER: visits of the progress page
  IFNULL(nshow_answer, 0) AS nshow_answer, -- INTEGER: answers asked for (show_answer, showanswer)
  IFNULL(nvideo, 0) AS nvideo, -- INTEGER: events play_video (no other video event)
  IFNULL(nproblem_check, 0) AS nproblem_check, -- INTEGER: events problem_check, of browser and server both
  IFNULL(nforum, 0) AS nforum, -- INTEGER: visits of pages below the discussion
  IFNULL(ntranscript, 0) AS ntranscript, -- INTEGER: events show_transcript
  IFNULL(nseq_goto, 0) AS nseq_goto, -- INTEGER: events seq_goto
  IFNULL(nseek_video, 0) AS nseek_video, -- INTEGER: events seek_video
  IFNULL(npause_video, 0) AS npause_video, -- INTEGER: events pause_video
  IFNULL(nvideos_viewed, 0) AS nvideos_viewed, -- INTEGER: different videos watched
  IFNULL(nvideos_watched_sec, 0.0) AS nvideos_watched_sec, -- FLOAT: sum over videos of the furthest position, seconds
  IFNULL(nforum_reads, 0) AS nforum_reads, -- INTEGER: threads read
  IFNULL(nforum_posts, 0) AS nforum_posts, -- INTEGER: posts written, each counted once
  IFNULL(nforum_threads, 0) AS nforum_threads, -- INTEGER: different threads read or written in
  IFNULL(nproblems_answered, 0) AS nproblems_answered, -- INTEGER: problems last submitted on this date
  IFNULL(nproblems_attempted, 0) AS nproblems_attempted, -- INTEGER: attempts at these problems, on any date
  IFNULL(nproblems_multiplechoice, 0) AS nproblems_multiplechoice, -- INTEGER: of these, multiple choice
  IFNULL(nproblems_choice, 0) AS nproblems_choice, -- INTEGER: of these, checkboxes
  IFNULL(nproblems_numerical, 0) AS nproblems_numerical, -- INTEGER: of these, numerical
  IFNULL(nproblems_option, 0) AS nproblems_option, -- INTEGER: of these, drop-down
  IFNULL(nproblems_custom, 0) AS nproblems_custom, -- INTEGER: of these, custom response
  IFNULL(nproblems_string, 0) AS nproblems_string, -- INTEGER: of these, string response
  IFNULL(nproblems_mixed, 0) AS nproblems_mixed, -- INTEGER: of these, with items of several types
  IFNULL(nproblems_forumula, 0) AS nproblems_forumula, -- INTEGER: of these, formula response (the name is misspelt and stays)
  IFNULL(nproblems_other, 0) AS nproblems_other, -- INTEGER: of these, any other known type
  first_event, -- TIMESTAMP: first event of the date, NULL without events
  last_event, -- TIMESTAMP: last event of the date, NULL without events
  avg_dt, -- FLOAT: mean of the gaps of at most 300 s between events, seconds
  sdv_dt, -- FLOAT: sample standard deviation of these gaps, seconds; NULL for fewer than two
  max_dt, -- FLOAT: longest of these gaps, seconds
  IFNULL(n_dt, 0) AS n_dt, -- INTEGER: number of these gaps
  sum_dt -- FLOAT: sum of these gaps, seconds
FROM learner_days
LEFT JOIN pcday_log
  ON learner_days.username = pcday_log.username AND learner_days.date = pcday_log.date
LEFT JOIN pcday_video
  ON learner_days.username = pcday_video.username AND learner_days.date = pcday_video.date
LEFT JOIN pcday_forum
  ON learner_days.username = pcday_forum.username AND learner_days.date = pcday_forum.date
LEFT JOIN pcday_problem
  ON learner_days.username = pcday_problem.username AND learner_days.date = pcday_problem.date
