-- What learners answered, item by item, in the form of the Item Response Warehouse, for any program of item
-- response theory.
-- The form asks for the columns id, item and resp; what describes an item begins with itemcov_. Ids are account
-- ids: replace them before you give the file away.
-- command: item_responses
-- may be empty: yes
-- grain: id, item
-- files: item_responses.csv
WITH
  items AS (
    SELECT item_nid, item_id, problem_id, problem_nid
    FROM course_item
    WHERE item_id IS NOT NULL
  )
-- Two states of one problem (an old and a new id of it) are one answer: the better one, at the later time.
SELECT
  person_item.user_id AS id, -- INTEGER: account id of the learner
  items.item_id AS item, -- STRING: edX's id of the response field
  MAX(person_item.item_grade) AS resp, -- INTEGER: 1 correct, 0 not, partly correct answers too
  UNIX_SECONDS(MAX(person_item.date)) AS date, -- INTEGER: first visit of the problem, seconds since 1970 in UTC; NULL where it is not known
  items.problem_id AS itemcov_problem, -- STRING: url name of the problem
  items.problem_nid AS itemcov_problem_nid -- INTEGER: number of the problem in the course
FROM person_item
INNER JOIN items ON person_item.item_nid = items.item_nid
WHERE person_item.user_id IS NOT NULL
  AND person_item.item_grade IS NOT NULL
GROUP BY person_item.user_id, items.item_id, items.problem_id, items.problem_nid
