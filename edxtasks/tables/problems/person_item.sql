-- The mark of each learner for each item of the course.
-- Items are those of course_item; answers to problems that are in the course no more are left out.
-- command: item_tables
-- sets: doall
-- grain: learner and item (a record of studentmodule)
WITH
  answers AS (
    SELECT
      user_id,
      course_id,
      problem_url_name,
      one.answer_id AS item_id,
      IF(one.correct_bool, 1, 0) AS item_grade,
      grade,
      attempts,
      created
    FROM problem_analysis
    CROSS JOIN UNNEST(item) AS one
  )
SELECT
  answers.user_id, -- INTEGER: account id of the learner
  answers.course_id, -- STRING: course key, ORG/NUMBER/RUN
  course_item.item_short_id, -- STRING: short name of the item; NULL in no assignment
  course_item.item_nid, -- INTEGER: number of the item in the course
  answers.item_grade, -- INTEGER: 1 if correct, else 0; partial credit is 0
  answers.grade, -- FLOAT: points of the whole problem; NULL where there are none
  answers.attempts AS n_attempts, -- INTEGER: submissions of the problem
  MAX(answers.created) AS date -- TIMESTAMP: first visit of the problem
FROM answers
INNER JOIN course_item
  ON answers.problem_url_name = course_item.problem_id AND answers.item_id = course_item.item_id
GROUP BY
  answers.user_id,
  answers.course_id,
  course_item.item_short_id,
  course_item.item_nid,
  answers.item_grade,
  answers.grade,
  answers.attempts
ORDER BY user_id, item_nid
