-- What each chosen course consists of and how long it ran, a row per course and key.
-- command: analyze_content when force_recompute, analyze_course when force_recompute
-- scope: group
-- grain: course_id, key
-- columns: course_metainfo
-- files: course_metainfo.csv
SELECT *
FROM course_metainfo
