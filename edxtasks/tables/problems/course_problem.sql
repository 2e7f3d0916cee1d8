-- How well the learners did in each problem of the course.
-- command: item_tables
-- sets: doall
-- grain: problem_nid
WITH
  scores AS (
    SELECT
      person_item.user_id,
      person_item.course_id,
      course_item.problem_nid,
      course_item.problem_id,
      course_item.problem_short_id,
      course_item.problem_name,
      course_item.is_split,
      course_item.split_name,
      SUM(person_item.item_grade) AS points,
      SUM(course_item.item_points_possible) AS possible
    FROM person_item
    INNER JOIN course_item ON person_item.item_nid = course_item.item_nid
    GROUP BY
      person_item.user_id,
      person_item.course_id,
      course_item.problem_nid,
      course_item.problem_id,
      course_item.problem_short_id,
      course_item.problem_name,
      course_item.is_split,
      course_item.split_name
  )
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  problem_nid, -- INTEGER: number of the problem in the course
  problem_id, -- STRING: url name of the problem
  problem_short_id, -- STRING: short name of the problem; NULL in no assignment
  AVG(points) AS avg_problem_raw_score, -- FLOAT: mean number of items answered correctly
  STDDEV(points) AS sdv_problem_raw_score, -- FLOAT: its standard deviation (n - 1); NULL for a single learner
  MAX(possible) AS max_possible_raw_score, -- FLOAT: most items that a learner answered
  AVG(100 * SAFE_DIVIDE(points, possible)) AS avg_problem_pct_score, -- FLOAT: mean of the percentages of items answered correctly
  COUNT(DISTINCT user_id) AS n_unique_users_attempted, -- INTEGER: learners who submitted it
  problem_name, -- STRING: display name
  is_split, -- BOOLEAN: whether it is in a split test
  split_name -- STRING: url name of that split test
FROM scores
GROUP BY course_id, problem_nid, problem_id, problem_short_id, problem_name, is_split, split_name
ORDER BY avg_problem_pct_score DESC, problem_nid
