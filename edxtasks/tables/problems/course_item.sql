-- The items of the course: response fields with more than min_item_responses answers, with their
-- place in the course, their assignment, and their weight in the final grade.
-- Problems that are not graded count too; their assignment type is empty. Dropped assignments are not considered.
-- command: item_tables
-- sets: doall
-- grain: item_nid
-- optional: grading_policy
WITH
  -- The items that learners answered.
  responses AS (
    SELECT
      problem_url_name,
      one.answer_id AS answer_id,
      COUNT(*) AS n_user_responses,
      SAFE_CAST(REGEXP_EXTRACT(one.answer_id, r'_([0-9]+)_[0-9]+$') AS INT64) AS response_number,
      SAFE_CAST(REGEXP_EXTRACT(one.answer_id, r'_[0-9]+_([0-9]+)$') AS INT64) AS input_number
    FROM problem_analysis
    CROSS JOIN UNNEST(item) AS one
    WHERE problem_url_name IS NOT NULL
      AND one.answer_id IS NOT NULL
    GROUP BY problem_url_name, one.answer_id
  ),
  answered_items AS (
    SELECT problem_url_name, answer_id, n_user_responses, response_number, input_number
    FROM responses
    WHERE n_user_responses > @min_item_responses
  ),
  -- Ids that do not end in two numbers come last.
  items AS (
    SELECT
      problem_url_name,
      answer_id,
      n_user_responses,
      ROW_NUMBER() OVER (
        PARTITION BY problem_url_name
        ORDER BY response_number IS NULL OR input_number IS NULL, response_number, input_number, answer_id
      ) AS item_number,
      COUNT(*) OVER (PARTITION BY problem_url_name) AS n_items
    FROM answered_items
  ),
  -- The points that most learners could earn in a problem: they may have been changed during the run.
  points AS (
    SELECT problem_url_name, max_grade, COUNT(*) AS n
    FROM problem_analysis
    WHERE max_grade IS NOT NULL
    GROUP BY problem_url_name, max_grade
  ),
  empirical_points AS (
    SELECT problem_url_name, max_grade
    FROM points
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (PARTITION BY problem_url_name ORDER BY n DESC, max_grade DESC) = 1
  ),

  -- The problems of the course, with chapter, section and vertical.
  numbered_chapters AS (
    SELECT module_id, name, index, ROW_NUMBER() OVER (ORDER BY index) AS chapter_number
    FROM course_axis
    WHERE category = 'chapter'
  ),
  chapters AS (
    SELECT module_id, name, chapter_number
    FROM numbered_chapters
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (PARTITION BY module_id ORDER BY index) = 1
  ),
  numbered_sections AS (
    SELECT
      url_name,
      name,
      chapter_mid,
      index,
      ROW_NUMBER() OVER (PARTITION BY chapter_mid, category ORDER BY index) AS section_number
    FROM course_axis
    WHERE category IN ('sequential', 'videosequence')
  ),
  sections AS (
    SELECT
      numbered_sections.url_name,
      numbered_sections.name AS section_name,
      numbered_sections.section_number,
      chapters.name AS chapter_name,
      chapters.chapter_number
    FROM numbered_sections
    LEFT JOIN chapters ON numbered_sections.chapter_mid = chapters.module_id
    WHERE numbered_sections.url_name IS NOT NULL
    QUALIFY ROW_NUMBER() OVER (PARTITION BY numbered_sections.url_name ORDER BY numbered_sections.index) = 1
  ),
  verticals AS (
    SELECT url_name, name
    FROM course_axis
    WHERE category = 'vertical'
      AND url_name IS NOT NULL
    QUALIFY ROW_NUMBER() OVER (PARTITION BY url_name ORDER BY index) = 1
  ),
  axis_problems AS (
    SELECT
      index,
      url_name,
      name,
      IFNULL(gformat, '') AS assignment_type,
      COALESCE(data.weight, 1.0) AS weight,
      path,
      SPLIT(path, '/')[SAFE_OFFSET(2)] AS section,
      parent,
      start,
      due,
      is_split,
      split_url_name
    FROM course_axis
    WHERE category = 'problem'
      AND url_name IS NOT NULL
    QUALIFY ROW_NUMBER() OVER (PARTITION BY url_name ORDER BY index) = 1
  ),
  placed_problems AS (
    SELECT
      axis_problems.index,
      axis_problems.url_name,
      axis_problems.name,
      axis_problems.assignment_type,
      axis_problems.weight,
      axis_problems.path,
      axis_problems.start,
      axis_problems.due,
      axis_problems.is_split,
      axis_problems.split_url_name,
      sections.chapter_name,
      sections.chapter_number,
      sections.section_name,
      sections.section_number,
      verticals.name AS vertical_name,
      CONCAT(
        axis_problems.assignment_type,
        '_ch', CAST(sections.chapter_number AS STRING),
        '_sec', CAST(sections.section_number AS STRING)
      ) AS assignment_id
    FROM axis_problems
    LEFT JOIN sections ON axis_problems.section = sections.url_name
    LEFT JOIN verticals ON axis_problems.parent = verticals.url_name
  ),

  -- The assignments: all problems of a type in one section. They count whether answered or not.
  assignments AS (
    SELECT assignment_type, assignment_id, MIN(index) AS first_index
    FROM placed_problems
    WHERE assignment_id IS NOT NULL
    GROUP BY assignment_type, assignment_id
  ),
  numbered_assignments AS (
    SELECT
      assignment_type,
      assignment_id,
      ROW_NUMBER() OVER (PARTITION BY assignment_type ORDER BY first_index, assignment_id) AS assignment_seq_num
    FROM assignments
  ),
  assignment_types AS (
    SELECT assignment_type, COUNT(*) AS n_assignments
    FROM assignments
    GROUP BY assignment_type
  ),
  numbered_problems AS (
    SELECT
      placed_problems.index,
      placed_problems.url_name,
      placed_problems.name,
      placed_problems.assignment_type,
      placed_problems.weight,
      placed_problems.path,
      placed_problems.start,
      placed_problems.due,
      placed_problems.is_split,
      placed_problems.split_url_name,
      placed_problems.chapter_name,
      placed_problems.chapter_number,
      placed_problems.section_name,
      placed_problems.section_number,
      placed_problems.vertical_name,
      placed_problems.assignment_id,
      numbered_assignments.assignment_seq_num,
      IFNULL(assignment_types.n_assignments, 0) AS n_assignments_of_type,
      IF(
        placed_problems.assignment_id IS NULL,
        NULL,
        ROW_NUMBER() OVER (PARTITION BY placed_problems.assignment_id ORDER BY placed_problems.index)
      ) AS problem_number
    FROM placed_problems
    LEFT JOIN numbered_assignments
      ON placed_problems.assignment_type = numbered_assignments.assignment_type
      AND placed_problems.assignment_id = numbered_assignments.assignment_id
    LEFT JOIN assignment_types ON placed_problems.assignment_type = assignment_types.assignment_type
  ),

  -- Problems of the course that were answered, and what their assignments weigh.
  answered_problems AS (
    SELECT DISTINCT problem_url_name
    FROM items
  ),
  problems AS (
    SELECT
      numbered_problems.index,
      numbered_problems.url_name,
      numbered_problems.name,
      numbered_problems.assignment_type,
      numbered_problems.weight,
      numbered_problems.path,
      numbered_problems.start,
      numbered_problems.due,
      numbered_problems.is_split,
      numbered_problems.split_url_name,
      numbered_problems.chapter_name,
      numbered_problems.chapter_number,
      numbered_problems.section_name,
      numbered_problems.section_number,
      numbered_problems.vertical_name,
      numbered_problems.assignment_id,
      numbered_problems.assignment_seq_num,
      numbered_problems.n_assignments_of_type,
      numbered_problems.problem_number,
      ROW_NUMBER() OVER (ORDER BY numbered_problems.index) AS problem_nid
    FROM numbered_problems
    INNER JOIN answered_problems ON numbered_problems.url_name = answered_problems.problem_url_name
  ),
  answered_assignments AS (
    SELECT assignment_id, COUNT(*) AS n_problems, SUM(weight) AS weight
    FROM problems
    WHERE assignment_id IS NOT NULL
    GROUP BY assignment_id
  ),
  -- Of several entries of a type that with the largest fraction counts.
  policy AS (
    SELECT
      assignment_type,
      IFNULL(fraction_of_overall_grade, 0.0) AS fraction,
      IFNULL(short_label, '') AS label
    FROM grading_policy
  ),
  policy_of_type AS (
    SELECT assignment_type, fraction, label
    FROM policy
    WHERE assignment_type IS NOT NULL
    QUALIFY ROW_NUMBER() OVER (PARTITION BY assignment_type ORDER BY fraction DESC, label) = 1
  ),
  policy_exists AS (
    SELECT COUNT(*) > 0 AS has_policy
    FROM policy
  ),
  weighted_problems AS (
    SELECT
      problems.index,
      problems.url_name,
      problems.name,
      problems.assignment_type,
      problems.weight,
      problems.path,
      problems.start,
      problems.due,
      problems.is_split,
      problems.split_url_name,
      problems.chapter_name,
      problems.chapter_number,
      problems.section_name,
      problems.section_number,
      problems.vertical_name,
      problems.assignment_id,
      problems.assignment_seq_num,
      problems.n_assignments_of_type,
      problems.problem_number,
      problems.problem_nid,
      IFNULL(answered_assignments.n_problems, 0) AS n_problems_in_assignment,
      answered_assignments.weight AS weight_of_assignment,
      IF((SELECT has_policy FROM policy_exists), IFNULL(policy_of_type.fraction, 0.0), 1.0) AS fraction,
      CASE
        WHEN (SELECT has_policy FROM policy_exists) THEN IFNULL(policy_of_type.label, '')
        WHEN problems.assignment_type = '' THEN 'none'
        ELSE ''
      END AS label
    FROM problems
    LEFT JOIN answered_assignments ON problems.assignment_id = answered_assignments.assignment_id
    LEFT JOIN policy_of_type ON problems.assignment_type = policy_of_type.assignment_type
  ),
  named_problems AS (
    SELECT
      index,
      url_name,
      name,
      assignment_type,
      weight,
      path,
      start,
      due,
      is_split,
      split_url_name,
      chapter_name,
      chapter_number,
      section_name,
      section_number,
      vertical_name,
      assignment_id,
      assignment_seq_num,
      n_assignments_of_type,
      problem_number,
      problem_nid,
      n_problems_in_assignment,
      fraction,
      SAFE_DIVIDE(SAFE_DIVIDE(weight * fraction, weight_of_assignment), n_assignments_of_type) AS overall_weight,
      CONCAT(label, '_', CAST(assignment_seq_num AS STRING)) AS assignment_short_id,
      CONCAT(
        label, '_', CAST(assignment_seq_num AS STRING), '__', CAST(problem_number AS STRING)
      ) AS problem_short_id
    FROM weighted_problems
  ),
  weighted_items AS (
    SELECT
      items.answer_id,
      items.n_user_responses,
      items.item_number,
      items.n_items,
      empirical_points.max_grade,
      named_problems.index,
      named_problems.url_name,
      named_problems.name,
      named_problems.assignment_type,
      named_problems.weight,
      named_problems.path,
      named_problems.start,
      named_problems.due,
      named_problems.is_split,
      named_problems.split_url_name,
      named_problems.chapter_name,
      named_problems.chapter_number,
      named_problems.section_name,
      named_problems.section_number,
      named_problems.vertical_name,
      named_problems.assignment_id,
      named_problems.assignment_seq_num,
      named_problems.n_assignments_of_type,
      named_problems.problem_number,
      named_problems.problem_nid,
      named_problems.n_problems_in_assignment,
      named_problems.fraction,
      named_problems.assignment_short_id,
      named_problems.problem_short_id,
      named_problems.overall_weight / items.n_items AS item_weight,
      ROW_NUMBER() OVER (
        ORDER BY named_problems.index, items.item_number /* total order: each problem numbers its items */
      ) AS item_nid
    FROM items
    INNER JOIN named_problems ON items.problem_url_name = named_problems.url_name
    LEFT JOIN empirical_points ON items.problem_url_name = empirical_points.problem_url_name
  )
SELECT
  answer_id AS item_id, -- STRING: edX's id of the response field
  url_name AS problem_id, -- STRING: url name of the problem
  problem_nid, -- INTEGER: number of the problem among the answered ones, from 1, in the order of the course
  assignment_short_id, -- STRING: label of the assignment type and number of the assignment, as HW_4; NULL in no assignment
  item_weight, -- FLOAT: part of the final grade; NULL where the weights of an assignment add up to 0, and in no assignment
  n_user_responses, -- INTEGER: learners who answered it
  chapter_name, -- STRING: name of the chapter; NULL, as all of chapter and section, where no section is known
  section_name, -- STRING: name of the section
  vertical_name, -- STRING: name of the vertical; NULL where it is in none
  name AS problem_name, -- STRING: display name of the problem
  assignment_id, -- STRING: assignment type, number of the chapter and of the section in it, as Homework_ch1_sec2
  n_problems_in_assignment, -- INTEGER: answered problems of the assignment; 0 in no assignment
  assignment_type, -- STRING: kind of assignment; empty for problems that are not graded
  fraction AS assignment_type_weight, -- FLOAT: part of the type in the final grade; 1 without any grading policy
  n_assignments_of_type, -- INTEGER: assignments of the type in the course
  assignment_seq_num, -- INTEGER: number of the assignment within its type; NULL in no assignment
  chapter_number, -- INTEGER: number of the chapter in the course
  index AS content_index, -- INTEGER: place of the problem in the course
  section_number, -- INTEGER: number of the section among those of its category in the chapter
  problem_number, -- INTEGER: number of the problem within its assignment; NULL in no assignment
  weight AS problem_weight, -- FLOAT: weight of the problem; 1 where none is set
  1.0 AS item_points_possible, -- FLOAT: points of an item, always 1
  CAST(n_items AS FLOAT64) AS problem_points_possible, -- FLOAT: number of items of the problem
  max_grade / n_items AS emperical_item_points_possible, -- FLOAT: most frequent points possible of the problem, divided by its items
  max_grade AS emperical_problem_points_possible, -- FLOAT: most frequent points possible of the problem; NULL where there are none
  item_number, -- INTEGER: number of the item within its problem
  n_items, -- INTEGER: items of the problem
  start AS start_date, -- TIMESTAMP: release date of the problem
  due AS due_date, -- TIMESTAMP: due date of the problem
  is_split, -- BOOLEAN: whether it is in a split test
  split_url_name AS split_name, -- STRING: url name of that split test
  path AS problem_path, -- STRING: path of the problem, /chapter/section/…
  problem_short_id, -- STRING: assignment_short_id and number of the problem, as HW_4__2; NULL in no assignment
  CONCAT(problem_short_id, '_', CAST(item_number AS STRING)) AS item_short_id, -- STRING: problem_short_id and number of the item, as HW_4__2_1
  item_nid, -- INTEGER: number of the item, from 1, in the order of the course
  SUM(IFNULL(item_weight, 0.0)) OVER (ORDER BY item_nid /* total order: it numbers the rows */ ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS cumulative_item_weight -- FLOAT: sum of item_weight up to this item; 1 at the last one where every assignment was answered
FROM weighted_items
ORDER BY item_nid
