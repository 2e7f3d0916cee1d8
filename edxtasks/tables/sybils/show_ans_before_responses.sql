-- The answers that each learner gave, free ones and choices: how many are blank, and which is the most common.
-- A harvester answers everything alike to see the right answer.
-- command: ip_sybils
-- step: 3 (on request)
-- may be empty: yes
-- grain: user_id
-- optional: course_axis
-- internal: yes
WITH
  choice_problems AS (
    SELECT DISTINCT REGEXP_EXTRACT(module_id, r'([^/]+)$') AS url_name
    FROM course_axis
    WHERE data.itype IN ('multiplechoiceresponse', 'choiceresponse')
  ),
  responses AS (
    SELECT
      problem_analysis.user_id,
      response_field.response,
      response_field.response LIKE '%choice\\_%'
        OR response_field.response LIKE '%dummy\\_default%'
        OR response_field.response LIKE '%option\\_%'
        OR choice_problems.url_name IS NOT NULL AS is_choice
    FROM problem_analysis
    CROSS JOIN UNNEST(item) AS response_field
    LEFT JOIN choice_problems ON problem_analysis.problem_url_name = choice_problems.url_name
    WHERE response_field.response IS NOT NULL
  ),
  counted AS (
    SELECT user_id, is_choice, response, COUNT(*) AS n
    FROM responses
    GROUP BY user_id, is_choice, response
  ),
  ranked AS (
    SELECT
      user_id,
      is_choice,
      response,
      n,
      SUM(n) OVER (PARTITION BY user_id, is_choice) AS n_of_kind,
      ROW_NUMBER() OVER (PARTITION BY user_id, is_choice ORDER BY n DESC, response) AS place
    FROM counted
  )
SELECT
  user_id, -- INTEGER: account id
  SUM(IF(response IN ('""', 'null'), n, 0)) AS n_blank, -- INTEGER: response fields left blank
  MAX(IF(place = 1 AND NOT is_choice, response, NULL)) AS most_common_free_response, -- STRING: the free answer given most often, as JSON text; of several the least; NULL without any
  MAX(IF(place = 1 AND NOT is_choice, n, NULL)) AS n_most_common_free_response, -- INTEGER: how often it was given
  MAX(IF(place = 1 AND NOT is_choice, 100 * n / n_of_kind, NULL)) AS percent_most_common_free_response, -- FLOAT: in percent of the free answers
  MAX(IF(place = 1 AND is_choice, response, NULL)) AS most_common_choice, -- STRING: the choice given most often, as JSON text; of several the least; NULL without any
  MAX(IF(place = 1 AND is_choice, n, NULL)) AS n_most_common_choice, -- INTEGER: how often it was given
  MAX(IF(place = 1 AND is_choice, 100 * n / n_of_kind, NULL)) AS percent_most_common_choice -- FLOAT: in percent of the choices
FROM ranked
WHERE user_id IS NOT NULL
GROUP BY user_id
