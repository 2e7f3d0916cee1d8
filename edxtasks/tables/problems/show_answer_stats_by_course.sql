-- How many of their problems the learners of a course asked the answer of: means and lower medians of the
-- percentages of show_answer_stats_by_user, of all learners and of groups.
-- command: analyze_problems
-- may be empty: yes
-- step: show_answer
-- sets: doall
-- grain: one row
WITH
  with_medians AS (
    SELECT
      certified,
      explored,
      verified,
      pct_show_answer_problem_seen,
      pct_show_answer_not_attempted,
      pct_show_answer_attempted,
      pct_show_answer_perfect,
      pct_show_answer_partial,
      PERCENTILE_DISC(pct_show_answer_problem_seen, 0.5) OVER () AS median_problem_seen,
      PERCENTILE_DISC(pct_show_answer_not_attempted, 0.5) OVER () AS median_not_attempted,
      PERCENTILE_DISC(pct_show_answer_attempted, 0.5) OVER () AS median_attempted,
      PERCENTILE_DISC(pct_show_answer_perfect, 0.5) OVER () AS median_perfect,
      PERCENTILE_DISC(pct_show_answer_partial, 0.5) OVER () AS median_partial,
      PERCENTILE_DISC(IF(explored, pct_show_answer_problem_seen, NULL), 0.5) OVER () AS median_problem_seen_explored,
      PERCENTILE_DISC(IF(explored, pct_show_answer_not_attempted, NULL), 0.5) OVER () AS median_not_attempted_explored,
      PERCENTILE_DISC(IF(explored, pct_show_answer_attempted, NULL), 0.5) OVER () AS median_attempted_explored,
      PERCENTILE_DISC(IF(explored, pct_show_answer_perfect, NULL), 0.5) OVER () AS median_perfect_explored,
      PERCENTILE_DISC(IF(explored, pct_show_answer_partial, NULL), 0.5) OVER () AS median_partial_explored,
      PERCENTILE_DISC(IF(certified, pct_show_answer_problem_seen, NULL), 0.5) OVER () AS median_problem_seen_certified,
      PERCENTILE_DISC(IF(certified, pct_show_answer_not_attempted, NULL), 0.5) OVER () AS median_not_attempted_certified,
      PERCENTILE_DISC(IF(certified, pct_show_answer_attempted, NULL), 0.5) OVER () AS median_attempted_certified,
      PERCENTILE_DISC(IF(certified, pct_show_answer_perfect, NULL), 0.5) OVER () AS median_perfect_certified,
      PERCENTILE_DISC(IF(certified, pct_show_answer_partial, NULL), 0.5) OVER () AS median_partial_certified,
      PERCENTILE_DISC(IF(verified, pct_show_answer_problem_seen, NULL), 0.5) OVER () AS median_problem_seen_verified,
      PERCENTILE_DISC(IF(verified, pct_show_answer_not_attempted, NULL), 0.5) OVER () AS median_not_attempted_verified,
      PERCENTILE_DISC(IF(verified, pct_show_answer_attempted, NULL), 0.5) OVER () AS median_attempted_verified,
      PERCENTILE_DISC(IF(verified, pct_show_answer_perfect, NULL), 0.5) OVER () AS median_perfect_verified,
      PERCENTILE_DISC(IF(verified, pct_show_answer_partial, NULL), 0.5) OVER () AS median_partial_verified
    FROM show_answer_stats_by_user
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  AVG(pct_show_answer_problem_seen) AS avg_pct_show_answer_problem_seen, -- FLOAT: mean over all learners, percent of the problems seen
  AVG(pct_show_answer_not_attempted) AS avg_pct_show_answer_not_attempted, -- FLOAT: mean over all learners, percent of the problems without points
  AVG(pct_show_answer_attempted) AS avg_pct_show_answer_attempted, -- FLOAT: mean over all learners, percent of the problems with points, 0 included
  AVG(pct_show_answer_perfect) AS avg_pct_show_answer_perfect, -- FLOAT: mean over all learners, percent of the problems with all points
  AVG(pct_show_answer_partial) AS avg_pct_show_answer_partial, -- FLOAT: mean over all learners, percent of the problems with more than 0 points
  AVG(IF(certified, pct_show_answer_problem_seen, NULL)) AS avg_pct_show_answer_problem_seen_certified, -- FLOAT: mean over the certified, percent of the problems seen
  AVG(IF(certified, pct_show_answer_not_attempted, NULL)) AS avg_pct_show_answer_not_attempted_certified, -- FLOAT: mean over the certified, percent of the problems without points
  AVG(IF(certified, pct_show_answer_attempted, NULL)) AS avg_pct_show_answer_attempted_certified, -- FLOAT: mean over the certified, percent of the problems with points, 0 included
  AVG(IF(certified, pct_show_answer_perfect, NULL)) AS avg_pct_show_answer_perfect_certified, -- FLOAT: mean over the certified, percent of the problems with all points
  AVG(IF(certified, pct_show_answer_partial, NULL)) AS avg_pct_show_answer_partial_certified, -- FLOAT: mean over the certified, percent of the problems with more than 0 points
  AVG(IF(explored, pct_show_answer_problem_seen, NULL)) AS avg_pct_show_answer_problem_seen_explored, -- FLOAT: mean over those who explored, percent of the problems seen
  AVG(IF(explored, pct_show_answer_not_attempted, NULL)) AS avg_pct_show_answer_not_attempted_explored, -- FLOAT: mean over those who explored, percent of the problems without points
  AVG(IF(explored, pct_show_answer_attempted, NULL)) AS avg_pct_show_answer_attempted_explored, -- FLOAT: mean over those who explored, percent of the problems with points, 0 included
  AVG(IF(explored, pct_show_answer_perfect, NULL)) AS avg_pct_show_answer_perfect_explored, -- FLOAT: mean over those who explored, percent of the problems with all points
  AVG(IF(explored, pct_show_answer_partial, NULL)) AS avg_pct_show_answer_partial_explored, -- FLOAT: mean over those who explored, percent of the problems with more than 0 points
  AVG(IF(verified, pct_show_answer_problem_seen, NULL)) AS avg_pct_show_answer_problem_seen_verified, -- FLOAT: mean over the verified, percent of the problems seen
  AVG(IF(verified, pct_show_answer_not_attempted, NULL)) AS avg_pct_show_answer_not_attempted_verified, -- FLOAT: mean over the verified, percent of the problems without points
  AVG(IF(verified, pct_show_answer_attempted, NULL)) AS avg_pct_show_answer_attempted_verified, -- FLOAT: mean over the verified, percent of the problems with points, 0 included
  AVG(IF(verified, pct_show_answer_perfect, NULL)) AS avg_pct_show_answer_perfect_verified, -- FLOAT: mean over the verified, percent of the problems with all points
  AVG(IF(verified, pct_show_answer_partial, NULL)) AS avg_pct_show_answer_partial_verified, -- FLOAT: mean over the verified, percent of the problems with more than 0 points
  MAX(median_problem_seen) AS median_pct_show_answer_problem_seen, -- FLOAT: lower median over all learners, percent of the problems seen
  MAX(median_not_attempted) AS median_pct_show_answer_not_attempted, -- FLOAT: lower median over all learners, percent of the problems without points
  MAX(median_attempted) AS median_pct_show_answer_attempted, -- FLOAT: lower median over all learners, percent of the problems with points, 0 included
  MAX(median_perfect) AS median_pct_show_answer_perfect, -- FLOAT: lower median over all learners, percent of the problems with all points
  MAX(median_partial) AS median_pct_show_answer_partial, -- FLOAT: lower median over all learners, percent of the problems with more than 0 points
  MAX(median_problem_seen_explored) AS median_pct_show_answer_problem_seen_explored, -- FLOAT: lower median over those who explored, percent of the problems seen
  MAX(median_not_attempted_explored) AS median_pct_show_answer_not_attempted_explored, -- FLOAT: lower median over those who explored, percent of the problems without points
  MAX(median_attempted_explored) AS median_pct_show_answer_attempted_explored, -- FLOAT: lower median over those who explored, percent of the problems with points, 0 included
  MAX(median_perfect_explored) AS median_pct_show_answer_perfect_explored, -- FLOAT: lower median over those who explored, percent of the problems with all points
  MAX(median_partial_explored) AS median_pct_show_answer_partial_explored, -- FLOAT: lower median over those who explored, percent of the problems with more than 0 points
  MAX(median_problem_seen_certified) AS median_pct_show_answer_problem_seen_certified, -- FLOAT: lower median over the certified, percent of the problems seen
  MAX(median_not_attempted_certified) AS median_pct_show_answer_not_attempted_certified, -- FLOAT: lower median over the certified, percent of the problems without points
  MAX(median_attempted_certified) AS median_pct_show_answer_attempted_certified, -- FLOAT: lower median over the certified, percent of the problems with points, 0 included
  MAX(median_perfect_certified) AS median_pct_show_answer_perfect_certified, -- FLOAT: lower median over the certified, percent of the problems with all points
  MAX(median_partial_certified) AS median_pct_show_answer_partial_certified, -- FLOAT: lower median over the certified, percent of the problems with more than 0 points
  MAX(median_problem_seen_verified) AS median_pct_show_answer_problem_seen_verified, -- FLOAT: lower median over the verified, percent of the problems seen
  MAX(median_not_attempted_verified) AS median_pct_show_answer_not_attempted_verified, -- FLOAT: lower median over the verified, percent of the problems without points
  MAX(median_attempted_verified) AS median_pct_show_answer_attempted_verified, -- FLOAT: lower median over the verified, percent of the problems with points, 0 included
  MAX(median_perfect_verified) AS median_pct_show_answer_perfect_verified, -- FLOAT: lower median over the verified, percent of the problems with all points
  MAX(median_partial_verified) AS median_pct_show_answer_partial_verified -- FLOAT: lower median over the verified, percent of the problems with more than 0 points
FROM with_medians
