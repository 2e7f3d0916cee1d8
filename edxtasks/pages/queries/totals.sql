-- How many learners a course has, and what they did in all.
-- command: dashboard
-- grain: one row
SELECT
  COUNT(*) AS registered, -- INTEGER: learners who registered
  COUNTIF(viewed) AS viewed, -- INTEGER: of these, opened a chapter
  COUNTIF(explored) AS explored, -- INTEGER: opened at least half of the chapters
  COUNTIF(certified) AS certified, -- INTEGER: have a certificate
  COUNTIF(mode = 'verified') AS verified, -- INTEGER: are enrolled as verified
  COUNTIF(is_active = 0) AS unregistered, -- INTEGER: have un-registered
  COUNTIF(nevents > 0) AS active, -- INTEGER: have events in the log
  SUM(nevents) AS events, -- INTEGER: events of all of them
  MAX(passing_grade) AS passing_grade -- FLOAT: least grade to pass, 0 to 1
FROM person_course
