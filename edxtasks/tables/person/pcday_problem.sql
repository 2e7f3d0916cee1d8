-- Problems by the date of each learner's last submission, with the number of attempts made until then.
-- command: person_day
-- sets: doall
-- may be empty: up to 100 rows
-- grain: username, date
-- optional: person_problem, course_problem, course_axis, user_info_combo
-- partition: date
-- internal: yes
WITH
  -- The type of a problem; where several modules share a url name, the first in the course counts.
  problem_types AS (
    SELECT url_name, data.itype AS itype
    FROM course_axis
    WHERE url_name IS NOT NULL
    QUALIFY ROW_NUMBER() OVER (PARTITION BY url_name ORDER BY index) = 1
  ),
  problems AS (
    SELECT problem_nid, itype
    FROM course_problem
    LEFT JOIN problem_types ON course_problem.problem_id = problem_types.url_name
  ),
  learners AS (
    SELECT user_id, username
    FROM user_info_combo
    WHERE username != ''
  ),
  submissions AS (
    SELECT
      username,
      DATE(person_problem.date) AS date,
      person_problem.problem_nid,
      n_attempts,
      itype
    FROM person_problem
    INNER JOIN learners ON person_problem.user_id = learners.user_id
    LEFT JOIN problems ON person_problem.problem_nid = problems.problem_nid
    WHERE person_problem.date IS NOT NULL
  )
SELECT
  username, -- STRING: learner
  date, -- DATE: UTC date of the last submission
  COUNT(DISTINCT problem_nid) AS nproblems_answered, -- INTEGER: different problems
  SUM(IFNULL(n_attempts, 0)) AS nproblems_attempted, -- INTEGER: attempts at these problems
  COUNTIF(itype = 'multiplechoiceresponse') AS nproblems_multiplechoice, -- INTEGER: problems of that type
  COUNTIF(itype = 'choiceresponse') AS nproblems_choice, -- INTEGER: problems of that type
  COUNTIF(itype = 'numericalresponse') AS nproblems_numerical, -- INTEGER: problems of that type
  COUNTIF(itype = 'optionresponse') AS nproblems_option, -- INTEGER: problems of that type
  COUNTIF(itype = 'customresponse') AS nproblems_custom, -- INTEGER: problems of that type
  COUNTIF(itype = 'stringresponse') AS nproblems_string, -- INTEGER: problems of that type
  COUNTIF(itype = 'mixed') AS nproblems_mixed, -- INTEGER: problems with items of several types
  COUNTIF(itype = 'formularesponse') AS nproblems_forumula, -- INTEGER: problems of type formularesponse
  COUNTIF(
    itype NOT IN (
      'multiplechoiceresponse', 'choiceresponse', 'numericalresponse', 'optionresponse',
      'customresponse', 'stringresponse', 'mixed', 'formularesponse'
    )
  ) AS nproblems_other -- INTEGER: problems of any other known type
FROM submissions
GROUP BY username, date
