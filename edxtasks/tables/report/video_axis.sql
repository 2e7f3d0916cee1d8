-- The videos of all chosen courses with their lengths, one course after the other.
-- command: report
-- step: 4 video_axis
-- sets: weekly
-- scope: group
-- grain: course_id, index_video
-- columns: video_axis
-- files: video_axis.csv
SELECT *
FROM video_axis
