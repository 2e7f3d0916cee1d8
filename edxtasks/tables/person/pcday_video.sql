-- Videos that each learner watched on each date.
-- command: person_day
-- sets: doall
-- may be empty: up to 100 rows
-- grain: username, date
-- optional: video_stats_day
-- partition: date
-- internal: yes
SELECT
  username, -- STRING: learner
  date, -- DATE: UTC date
  COUNT(DISTINCT video_id) AS nvideos_viewed, -- INTEGER: different videos
  SUM(IFNULL(position, 0)) AS nvideos_watched_sec -- FLOAT: sum over videos of the furthest position, seconds
FROM video_stats_day
WHERE username != ''
GROUP BY username, date
