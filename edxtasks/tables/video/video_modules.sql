-- The videos of the course in its order: names, ids, chapters. What video_axis says of them but their lengths.
-- command: analyze_videos
-- sets: doall
-- may be empty: yes
-- grain: index_video
-- optional: course_axis
-- internal: yes
WITH
  chapters AS (
    SELECT index, module_id, name
    FROM course_axis
    WHERE category = 'chapter'
    QUALIFY ROW_NUMBER() OVER (PARTITION BY module_id ORDER BY index) = 1
  ),
  videos AS (
    SELECT index, name, module_id, chapter_mid, data.ytid AS ytid
    FROM course_axis
    WHERE category = 'video'
  ),
  -- ytid is an id, SPEED:ID, or several of these with commas, and all that perhaps as a list in the manner of Python.
  youtube_parts AS (
    SELECT
      index,
      number AS place,
      TRIM(REGEXP_REPLACE(TRIM(part), r"^u?['\x22]|['\x22]$", '')) AS part
    FROM videos
    CROSS JOIN UNNEST(SPLIT(REGEXP_REPLACE(ytid, r'^\s*\[|\]\s*$', ''), ',')) AS part WITH OFFSET AS number
  ),
  youtube_ids AS (
    SELECT
      index,
      place,
      SAFE_CAST(REGEXP_EXTRACT(part, r'^([0-9.]+)\s*:') AS FLOAT64) AS speed,
      NULLIF(TRIM(REGEXP_REPLACE(part, r'^[0-9.]+\s*:', '')), '') AS youtube_id
    FROM youtube_parts
  ),
  -- The one of usual speed, else the first.
  usual_ids AS (
    SELECT index, youtube_id
    FROM youtube_ids
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY index ORDER BY IF(speed = 1 AND youtube_id IS NOT NULL, 0, 1), place /* total order: place is unique within index */
    ) = 1
  )
SELECT
  chapters.index AS index_chapter, -- INTEGER: place of its chapter in course_axis; NULL where it is in none
  videos.index AS index_video, -- INTEGER: place in course_axis
  videos.name, -- STRING: title
  videos.module_id, -- STRING: module id, ORG/NUMBER/video/NAME
  NULLIF(
    REGEXP_REPLACE(
      REGEXP_EXTRACT(TRIM(TRIM(TRIM(videos.module_id), '"')), r'([^/]*)/*$'), r'[^\p{L}\p{N}-]+', '_'
    ),
    ''
  ) AS video_id, -- STRING: id, the name in its module id, as in video_stats_day
  usual_ids.youtube_id, -- STRING: id at YouTube, at usual speed; NULL where it has none
  chapters.name AS chapter_name -- STRING: title of its chapter
FROM videos
LEFT JOIN chapters ON chapters.module_id = videos.chapter_mid
LEFT JOIN usual_ids ON usual_ids.index = videos.index
