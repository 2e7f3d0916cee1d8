-- Participants with an address: what they did, and how they answered. Steps 1, 2, 3 and 5 look for accounts that
-- share answers among them.
-- command: ip_sybils
-- step: 1
-- may be empty: yes
-- grain: user_id
-- internal: yes
SELECT
  person_course.user_id, -- INTEGER: account id
  person_course.username, -- STRING: username
  person_course.ip, -- STRING: address of most events
  person_course.certified, -- BOOLEAN: has a certificate
  stats_attempts_correct.user_id IS NOT NULL AS has_answers, -- BOOLEAN: submitted a problem, which the next four columns are about
  stats_attempts_correct.nshow_answer_unique_problems, -- INTEGER: different problems whose answer was asked for
  stats_attempts_correct.percent_correct, -- FLOAT: right answers, percent of the response fields answered
  stats_attempts_correct.frac_complete, -- FLOAT: problems submitted, as a fraction of the most that a participant submitted
  NOT person_course.certified
  AND ROUND(stats_attempts_correct.percent_correct, 2) <= @sybil_max_percent_correct
  AND stats_attempts_correct.nshow_answer_unique_problems > @sybil_min_show_answer
  AND stats_attempts_correct.frac_complete != 0 AS looks_like_harvester, -- BOOLEAN: not certified, asked for many answers, and has few right
  IFNULL(person_course.mode = 'verified', FALSE) AS verified, -- BOOLEAN: enrolled as verified
  person_course.countryLabel, -- STRING: country of the address
  person_course.start_time, -- TIMESTAMP: when the learner enrolled
  person_course.last_event, -- TIMESTAMP: last event of the learner
  person_course.nforum_posts, -- INTEGER: posts in the forum
  person_course.nprogcheck, -- INTEGER: views of the progress page
  person_course.nvideo, -- INTEGER: videos played
  person_course.sum_dt / 86400 AS time_active_in_days, -- FLOAT: time of activity, days of 24 hours
  person_course.grade -- FLOAT: grade, 0 to 1
FROM person_course
LEFT JOIN stats_attempts_correct ON person_course.user_id = stats_attempts_correct.user_id
WHERE person_course.ip != ''
ORDER BY person_course.user_id
