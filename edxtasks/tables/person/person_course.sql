-- One row per registrant of the course: who they are, what they did, how they ended.
-- command: person_course
-- sets: doall
-- forced by: just_do_geoip
-- grain: user_id
-- optional: person_course_video_watched, pc_modal_ip, pc_geoip
-- files: person_course.json.gz, person_course.csv.gz
-- file form: True/False
-- check one_person_per_username (error):
--     username IS NULL OR username = '' OR COUNT(*) OVER (PARTITION BY username) = 1
-- check certified_is_completed (warning): NOT certified OR IFNULL(completed, FALSE)
-- check explored_is_viewed (warning): NOT explored OR IFNULL(viewed, FALSE)
-- check nvideo_is_nplay_video (warning): nvideo IS NOT DISTINCT FROM nplay_video
-- check problem_checks_are_events (warning): nproblem_check <= nevents
-- check first_event_is_not_after_last (warning): first_event <= last_event
-- check gaps_of_at_most_300_seconds (warning): sum_dt <= 300 * n_dt + 0.000001
-- check grade_in_range (warning): grade BETWEEN 0 AND 1
-- facts:
--     SELECT
--       chapters, -- INTEGER: chapters of the course
--       people, -- INTEGER: rows
--       IF(people != usernames, people, NULL) AS odd, -- INTEGER: rows, where they are not as many
--       usernames, -- INTEGER: usernames of the accounts
--       nameless, -- INTEGER: accounts without
--       named - usernames AS doubled, -- INTEGER: accounts beyond the first of a username
--       without_ip, -- INTEGER: rows without address
--       certified_without_ip -- INTEGER: certified ones of these
--     FROM (
--       SELECT
--         COUNT(*) AS people,
--         COUNTIF(ip IS NULL) AS without_ip,
--         COUNTIF(ip IS NULL AND certified) AS certified_without_ip
--       FROM person_course
--     ) AS rows_made
--     CROSS JOIN (
--       SELECT
--         COUNT(DISTINCT IF(username != '', username, NULL)) AS usernames,
--         COUNTIF(username IS NULL OR username = '') AS nameless,
--         COUNTIF(username != '') AS named
--       FROM user_info_combo
--     ) AS accounts
--     CROSS JOIN (SELECT MAX(n_chapters) AS chapters FROM course_facts) AS course
-- fact: Chapters: {chapters}
-- warning when odd: rows: {odd}; usernames in user_info_combo: {usernames}
-- warning when nameless: records of user_info_combo left out, without username: {nameless}
-- warning when doubled: records left out, since a newer account has the same username: {doubled}
-- fact when without_ip: Warning: {without_ip} of {people} rows have no ip, {certified_without_ip} of them certified
SELECT
  person_course_base.course_id, -- STRING: course key, ORG/NUMBER/RUN
  person_course_base.user_id, -- INTEGER: account id
  person_course_base.username, -- STRING: username
  registered, -- BOOLEAN: always true
  person_course_base.viewed, -- BOOLEAN: opened at least one chapter
  explored, -- BOOLEAN: opened at least half of the chapters; NULL if none, or if their number is not known
  person_course_base.certified, -- BOOLEAN: has a certificate to download
  completed, -- BOOLEAN: certified, or reached the passing grade
  pc_modal_ip.modal_ip AS ip, -- STRING: address of most events
  pc_geoip.country AS cc_by_ip, -- STRING: country of that address, two-letter code
  countryLabel, -- STRING: its English name
  continent, -- STRING: its continent
  city, -- STRING: city of that address
  region_code AS region, -- STRING: code of the most specific subdivision
  subdivision, -- STRING: name of that subdivision
  postalCode, -- STRING: postal code
  un_region AS un_major_region, -- STRING: region of the United Nations
  econ_group AS un_economic_group, -- STRING: economic group of the United Nations
  developing_nation AS un_developing_nation, -- STRING: group of developing nations
  special_region1 AS un_special_region, -- STRING: special region
  latitude, -- FLOAT: degrees north
  longitude, -- FLOAT: degrees east
  LoE, -- STRING: level of education, edX's code
  YoB, -- INTEGER: year of birth as given, unchecked
  gender, -- STRING: m, f, o or blank
  grade, -- FLOAT: grade, 0 to 1
  passing_grade, -- FLOAT: least grade to pass, the same for all
  start_time, -- TIMESTAMP: when enrolled
  first_event, -- TIMESTAMP: first event of the log
  last_event, -- TIMESTAMP: last event of the log
  nevents, -- INTEGER: events; NULL, here and below, without activity in the log
  ndays_act, -- INTEGER: days with events
  nvideo AS nplay_video, -- INTEGER: events play_video
  nchapters, -- INTEGER: chapters opened; NULL if none
  nforum_posts, -- INTEGER: posts in the forum, from its dump; NULL if none
  nforum_votes, -- INTEGER: votes for these
  nforum_endorsed, -- INTEGER: of these, endorsed
  nforum_threads, -- INTEGER: of these, threads opened
  nforum_comments, -- INTEGER: of these, responses and comments
  nforum_pinned, -- INTEGER: of these, pinned
  roles, -- STRING: Staff or Student; NULL without any role
  nprogcheck, -- INTEGER: visits of the progress page
  nproblem_check, -- INTEGER: events problem_check, of browser and server both
  nforum AS nforum_events, -- INTEGER: visits of pages below the discussion
  mode, -- STRING: enrolment mode
  is_active, -- INTEGER: 1 enrolled, 0 un-enrolled
  cert_created_date, -- STRING: when the certificate was made, YYYY-MM-DD HH:MM:SS[.ffffff]
  cert_modified_date, -- STRING: when it was last changed, in the same form
  cert_status, -- STRING: state of the certificate, edX's word
  verified_enroll_time, -- TIMESTAMP: first enrolled as or changed to verified
  verified_unenroll_time, -- TIMESTAMP: last un-enrolled from verified
  profile_country, -- STRING: country as given; NA is Namibia
  y1_anomalous, -- INTEGER: 1 if recovered from MongoDB, else NULL
  email_domain, -- STRING: e-mail address after the last @
  language, -- STRING: transcript language used most
  language_download, -- INTEGER: days with downloads in it
  language_nevents, -- INTEGER: events in it
  language_ndiff, -- INTEGER: different transcript languages
  ntranscript, -- INTEGER: events show_transcript
  nshow_answer, -- INTEGER: answers asked for
  nvideo, -- INTEGER: events play_video, the same as nplay_video
  n_unique_videos_watched AS nvideos_unique_viewed, -- INTEGER: different videos watched
  fract_total_videos_watched AS nvideos_total_watched, -- FLOAT: these as a fraction of all videos of the course
  nseq_goto, -- INTEGER: events seq_goto
  nseek_video, -- INTEGER: events seek_video
  npause_video, -- INTEGER: events pause_video
  avg_dt, -- FLOAT: mean over days of the daily mean gap between events, seconds
  sdv_dt, -- FLOAT: deviation of the gaps, pooled over days, seconds
  max_dt, -- FLOAT: longest gap of at most 300 s, seconds
  n_dt, -- INTEGER: number of gaps
  sum_dt, -- FLOAT: sum of the gaps, seconds: a lower bound of the time spent
  roles_isBetaTester, -- INTEGER: 1 or NULL
  roles_isInstructor, -- INTEGER: 1 or NULL
  roles_isStaff, -- INTEGER: 1 or NULL
  roles_isCCX, -- INTEGER: 1 or NULL
  roles_isFinance, -- INTEGER: 1 or NULL
  roles_isLibrary, -- INTEGER: 1 or NULL
  roles_isSales, -- INTEGER: 1 or NULL
  forumRoles_isAdmin, -- INTEGER: 1 or NULL
  forumRoles_isCommunityTA, -- INTEGER: 1 or NULL
  forumRoles_isModerator, -- INTEGER: 1 or NULL
  forumRoles_isStudent, -- INTEGER: 1 or NULL
FROM person_course_base
LEFT JOIN pc_day_totals ON person_course_base.username = pc_day_totals.username
LEFT JOIN pc_modal_ip ON person_course_base.username = pc_modal_ip.username
LEFT JOIN pc_geoip ON person_course_base.username = pc_geoip.username
LEFT JOIN course_modal_language ON person_course_base.username = course_modal_language.username
LEFT JOIN person_enrollment_verified ON person_course_base.user_id = person_enrollment_verified.user_id
LEFT JOIN person_course_video_watched ON person_course_base.user_id = person_course_video_watched.user_id
ORDER BY person_course_base.user_id
