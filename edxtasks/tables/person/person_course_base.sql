-- Of each registrant, everything that comes from the dump: profile, enrolment, certificate, grade, roles.
-- command: person_course
-- sets: doall
-- grain: user_id
-- optional: roles, pc_nchapters, pc_forum
-- internal: yes
WITH
  -- Usernames are unique in edX; in a damaged dump the newest account counts.
  registrants AS (
    SELECT *
    FROM user_info_combo
    WHERE username != ''
    QUALIFY ROW_NUMBER() OVER (PARTITION BY username ORDER BY user_id DESC) = 1
  ),
  -- A grade report of the instructor dashboard counts where it is newer than the dump.
  grades AS (
    SELECT
      registrants.user_id,
      CASE
        WHEN certificate_grade IS NULL AND SAFE_CAST(edxinstructordash_Grade_timestamp AS TIMESTAMP) IS NOT NULL
          THEN edxinstructordash_Grade
        WHEN edxinstructordash_Grade IS NOT NULL
          AND SAFE_CAST(edxinstructordash_Grade_timestamp AS TIMESTAMP) > course_facts.dump_time
          THEN edxinstructordash_Grade
        ELSE certificate_grade
      END AS grade
    FROM registrants
    CROSS JOIN course_facts
  )
SELECT
  COALESCE(enrollment_course_id, certificate_course_id) AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  registrants.user_id, -- INTEGER: account id
  username, -- STRING: username
  TRUE AS registered, -- BOOLEAN: always true
  nchapters IS NOT NULL AS viewed, -- BOOLEAN: opened at least one chapter
  IF(nchapters IS NOT NULL AND n_chapters > 0, nchapters >= n_chapters / 2, NULL) AS explored, -- BOOLEAN: opened at least half of the chapters; NULL if none, or if their number is not known
  IFNULL(certificate_status = 'downloadable', FALSE) AS certified, -- BOOLEAN: has a certificate to download
  IFNULL(certificate_status = 'downloadable', FALSE) OR IFNULL(grade >= passing_grade, FALSE) AS completed, -- BOOLEAN: certified, or reached the passing grade
  profile_level_of_education AS LoE, -- STRING: level of education, edX's code
  profile_year_of_birth AS YoB, -- INTEGER: year of birth as given, unchecked
  profile_gender AS gender, -- STRING: m, f, o or blank
  grade, -- FLOAT: grade, 0 to 1
  passing_grade, -- FLOAT: least grade to pass, the same for all
  enrollment_created AS start_time, -- TIMESTAMP: when enrolled
  nchapters, -- INTEGER: chapters opened; NULL if none
  nforum AS nforum_posts, -- INTEGER: posts in the forum; NULL if none
  nvotes AS nforum_votes, -- INTEGER: votes for these
  nendorsed AS nforum_endorsed, -- INTEGER: of these, endorsed
  nthread AS nforum_threads, -- INTEGER: of these, threads opened
  ncomment AS nforum_comments, -- INTEGER: of these, responses and comments
  npinned AS nforum_pinned, -- INTEGER: of these, pinned
  roles.roles, -- STRING: Staff or Student; NULL without any role
  enrollment_mode AS mode, -- STRING: enrolment mode
  enrollment_is_active AS is_active, -- INTEGER: 1 enrolled, 0 un-enrolled
  CONCAT(
    FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', certificate_created_date),
    IF(
      MOD(UNIX_MICROS(certificate_created_date), 1000000) = 0,
      '',
      CONCAT('.', SUBSTR(CAST(MOD(UNIX_MICROS(certificate_created_date), 1000000) + 1000000 AS STRING), 2))
    )
  ) AS cert_created_date, -- STRING: when the certificate was made, YYYY-MM-DD HH:MM:SS[.ffffff]
  CONCAT(
    FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', certificate_modified_date),
    IF(
      MOD(UNIX_MICROS(certificate_modified_date), 1000000) = 0,
      '',
      CONCAT('.', SUBSTR(CAST(MOD(UNIX_MICROS(certificate_modified_date), 1000000) + 1000000 AS STRING), 2))
    )
  ) AS cert_modified_date, -- STRING: when it was last changed, in the same form
  certificate_status AS cert_status, -- STRING: state of the certificate, edX's word
  profile_country, -- STRING: country as given; NA is Namibia
  y1_anomalous, -- INTEGER: 1 if recovered from MongoDB, else NULL
  REGEXP_EXTRACT(email, r'(?s)@([^@]*)$') AS email_domain, -- STRING: e-mail address after the last @
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
  forumRoles_isStudent -- INTEGER: 1 or NULL
FROM registrants
INNER JOIN grades ON registrants.user_id = grades.user_id
CROSS JOIN course_facts
LEFT JOIN pc_nchapters ON registrants.user_id = pc_nchapters.user_id
LEFT JOIN pc_forum ON registrants.user_id = pc_forum.user_id
LEFT JOIN roles ON registrants.user_id = roles.user_id
