-- The points of each learner in each chapter: sums over the chapter's problems, without weights.
-- A problem counts where there are points of the learner. One that stands in a chapter more than once counts
-- there once.
-- command: analyze_problems
-- step: grades
-- sets: doall
-- may be empty: up to 100 rows
-- grain: user_id, chapter_mid
WITH
  places AS (
    SELECT module_id, chapter_mid, MAX(due) AS last_due, MIN(due) AS first_due
    FROM course_axis
    WHERE module_id IS NOT NULL
    GROUP BY module_id, chapter_mid
  ),
  learner_chapters AS (
    SELECT
      problem_grades.user_id,
      places.chapter_mid,
      SUM(problem_grades.max_grade) AS possible,
      SUM(problem_grades.grade) AS points,
      MAX(places.last_due) AS last_due,
      MIN(places.first_due) AS first_due
    FROM problem_grades
    INNER JOIN places ON problem_grades.module_id = CONCAT('i4x://', places.module_id)
    WHERE problem_grades.grade IS NOT NULL
    GROUP BY problem_grades.user_id, places.chapter_mid
  )
SELECT
  user_id, -- INTEGER: account id of the learner
  chapter_mid, -- STRING: module id of the chapter; NULL for problems outside of chapters
  possible AS user_chapter_max_grade, -- FLOAT: points possible in the problems with points of the learner
  points AS chgrade, -- FLOAT: points earned in these
  last_due AS due_date_max, -- TIMESTAMP: last due date of these problems; NULL if none has one
  first_due AS due_date_min, -- TIMESTAMP: first due date
  PERCENTILE_DISC(points, 0.5) OVER (PARTITION BY chapter_mid) AS median_grade, -- FLOAT: lower median of chgrade over the learners of the chapter
  MAX(possible) OVER (PARTITION BY chapter_mid) AS chmax -- FLOAT: greatest user_chapter_max_grade in the chapter
FROM learner_chapters
