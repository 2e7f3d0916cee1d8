-- The score of each learner in each problem, summed up over its items.
-- command: item_tables
-- sets: doall
-- grain: user_id, problem_nid
SELECT
  person_item.user_id, -- INTEGER: account id of the learner
  person_item.course_id, -- STRING: course key, ORG/NUMBER/RUN
  course_item.problem_nid, -- INTEGER: number of the problem in the course
  SUM(person_item.item_grade) AS problem_raw_score, -- INTEGER: items answered correctly
  100 * SAFE_DIVIDE(SUM(person_item.item_grade), SUM(course_item.item_points_possible)) AS problem_pct_score, -- FLOAT: that in percent of the items answered
  MAX(person_item.grade) AS grade, -- FLOAT: points of the problem; NULL where there are none
  MAX(person_item.n_attempts) AS n_attempts, -- INTEGER: submissions
  MAX(person_item.date) AS date -- TIMESTAMP: first visit of the problem
FROM person_item
INNER JOIN course_item ON person_item.item_nid = course_item.item_nid
GROUP BY person_item.user_id, person_item.course_id, course_item.problem_nid
