-- How many assessments a week each chosen course has, and for how many weeks it ran.
-- command: analyze_content when force_recompute, analyze_course when force_recompute
-- scope: group
-- grain: course_id
-- files: course_content.csv
SELECT
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  SAFE_CAST(MAX(IF(key = 'nquant_per_week', value, NULL)) AS FLOAT64) AS nquant_per_week, -- FLOAT: quantitative assessments a week; NULL where the length of the course is not known
  SAFE_CAST(MAX(IF(key = 'total_assessments_per_week', value, NULL)) AS FLOAT64) AS total_assessments_per_week, -- FLOAT: assessments a week; NULL as before
  SAFE_CAST(MAX(IF(key = 'nqual_per_week', value, NULL)) AS FLOAT64) AS nqual_per_week, -- FLOAT: qualitative assessments a week; NULL as before
  SAFE_CAST(MAX(IF(key = 'nweeks', value, NULL)) AS FLOAT64) AS nweeks -- FLOAT: weeks from launch to wrap; NULL as before
FROM course_metainfo
GROUP BY course_id
ORDER BY course_id
