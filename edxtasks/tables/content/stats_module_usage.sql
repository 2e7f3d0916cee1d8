-- How often the modules of a course were used: rows of studentmodule per module.
-- command: analyze_content, analyze_course
-- grain: module_type, module_id
-- optional: studentmodule
SELECT
  module_type, -- STRING: kind of module: problem, chapter, sequential, video, …
  module_id, -- STRING: module id, i4x://org/number/type/url_name
  COUNT(*) AS ncount -- INTEGER: number of rows of studentmodule, one per learner who opened the module
FROM studentmodule
GROUP BY module_type, module_id
ORDER BY module_id, module_type
