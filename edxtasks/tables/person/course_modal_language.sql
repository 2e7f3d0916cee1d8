-- The transcript language that each learner used most in the course.
-- command: person_course
-- may be empty: yes
-- sets: doall
-- grain: username
SELECT
  username, -- STRING: learner
  course_id, -- STRING: course key, ORG/NUMBER/RUN
  resource, -- STRING: always video
  resource_event_data AS language, -- STRING: language of most events; in a tie the one used last, then the least code
  transcript_download AS language_download, -- INTEGER: days with downloads in it
  n_events AS language_nevents, -- INTEGER: events in it
  n_diff_lang AS language_ndiff -- INTEGER: different languages of the learner
FROM language_multi_transcripts
WHERE rank_num = 1
QUALIFY ROW_NUMBER() OVER (PARTITION BY username ORDER BY last_time_used_lang DESC, resource_event_data) = 1
