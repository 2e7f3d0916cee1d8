-- Totals of each learner's activity over all days of the course.
-- command: person_course
-- sets: doall
-- grain: username
-- check first_event_is_not_after_last (warning): first_event <= last_event
-- check problem_checks_are_events (warning): nproblem_check <= nevents
-- check gaps_of_at_most_300_seconds (warning): max_dt <= 300 AND sum_dt <= 300 * n_dt + 0.001
-- check usernames_known (warning, share 0.99):
--     username IN (SELECT username FROM user_info_combo WHERE username IS NOT NULL)
SELECT
  username, -- STRING: learner
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  COUNTIF(nevents > 0) AS ndays_act, -- INTEGER: days with events
  SUM(nevents) AS nevents, -- INTEGER: events
  SUM(nprogcheck) AS nprogcheck, -- INTEGER: visits of the progress page
  SUM(nshow_answer) AS nshow_answer, -- INTEGER: answers asked for
  SUM(nvideo) AS nvideo, -- INTEGER: events play_video
  SUM(nproblem_check) AS nproblem_check, -- INTEGER: events problem_check, of browser and server both
  SUM(nforum) AS nforum, -- INTEGER: visits of pages below the discussion
  SUM(ntranscript) AS ntranscript, -- INTEGER: events show_transcript
  SUM(nseq_goto) AS nseq_goto, -- INTEGER: events seq_goto
  SUM(nseek_video) AS nseek_video, -- INTEGER: events seek_video
  SUM(npause_video) AS npause_video, -- INTEGER: events pause_video
  MIN(first_event) AS first_event, -- TIMESTAMP: first event
  MAX(last_event) AS last_event, -- TIMESTAMP: last event
  AVG(avg_dt) AS avg_dt, -- FLOAT: mean over days of the daily mean gap, not weighted, seconds
  SQRT(SAFE_DIVIDE(SUM(sdv_dt * sdv_dt * n_dt), SUM(n_dt))) AS sdv_dt, -- FLOAT: pooled from the daily deviations, seconds
  MAX(max_dt) AS max_dt, -- FLOAT: longest gap, seconds
  SUM(n_dt) AS n_dt, -- INTEGER: number of gaps
  SUM(sum_dt) AS sum_dt -- FLOAT: sum of the gaps, seconds
FROM person_course_day
GROUP BY username
