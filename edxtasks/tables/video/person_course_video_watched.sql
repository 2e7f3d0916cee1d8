-- How many different videos each learner of the course operated, staff left out.
-- command: analyze_videos
-- sets: doall
-- grain: user_id
-- optional: video_axis, person_course_base
WITH
  learners AS (
    SELECT user_id, username, viewed, certified, mode
    FROM person_course_base
    WHERE roles IS NULL OR roles = 'Student'
  ),
  operated AS (
    SELECT username, COUNT(DISTINCT video_id) AS n_videos
    FROM video_stats_day
    GROUP BY username
  ),
  course AS (
    SELECT COUNT(*) AS n_videos
    FROM video_axis
  )
SELECT
  user_id, -- INTEGER: account id
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  operated.n_videos AS n_unique_videos_watched, -- INTEGER: different videos operated, also of those no longer in the course
  SAFE_DIVIDE(operated.n_videos, course.n_videos) AS fract_total_videos_watched, -- FLOAT: these as a fraction of the videos of the course, which may be more than 1; NULL where it has none
  viewed, -- BOOLEAN: opened the course
  certified, -- BOOLEAN: earned a certificate
  mode = 'verified' AS verified -- BOOLEAN: enrolled as verified; NULL where the mode is not known
FROM learners
INNER JOIN operated ON operated.username = learners.username
CROSS JOIN course
ORDER BY user_id
