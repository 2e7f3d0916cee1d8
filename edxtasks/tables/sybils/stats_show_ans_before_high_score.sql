-- For each certified account the other account that best explains it as a harvester of its answers.
-- A harvester is not certified and asked for the answers of more than 40 % of the problems whose answer anybody
-- asked for; a pair counts where it asked first in more than 10 problems. The score adds up how much a harvester
-- stands out among those of the same account: share and number of problems, correlation of times, short delays.
-- command: ip_sybils
-- may be empty: yes
-- step: 4 (on request)
-- grain: master_candidate, harvester_candidate
WITH
  shown_modules AS (
    SELECT COUNT(DISTINCT module_id) AS n
    FROM show_answer
  ),
  shown AS (
    SELECT show_answer.username, course_axis.index, MIN(show_answer.time) AS show_time
    FROM show_answer
    INNER JOIN person_course ON show_answer.username = person_course.username
    INNER JOIN course_axis ON show_answer.module_id = course_axis.module_id
    WHERE NOT person_course.certified
      AND show_answer.username != ''
      AND show_answer.time IS NOT NULL
    GROUP BY show_answer.username, course_axis.index
  ),
  harvesters AS (
    SELECT username
    FROM shown
    GROUP BY username
    HAVING COUNT(*) > 0.4 * (SELECT n FROM shown_modules)
  ),
  solved AS (
    SELECT
      problem_check.username,
      course_axis.index,
      MIN(problem_check.time) AS first_time,
      MAX(problem_check.time) AS last_time
    FROM problem_check
    INNER JOIN person_course ON problem_check.username = person_course.username
    INNER JOIN course_axis ON problem_check.module_id = course_axis.module_id
    WHERE person_course.certified
      AND problem_check.success = 'correct'
      AND problem_check.username != ''
      AND problem_check.time IS NOT NULL
      AND course_axis.category = 'problem'
    GROUP BY problem_check.username, course_axis.index
  ),
  -- Times in microseconds since the first submission of the problem by anybody certified, and since a time that
  -- is the same for all.
  with_origins AS (
    SELECT
      username,
      index,
      last_time,
      MIN(first_time) OVER (PARTITION BY index) AS first_of_problem,
      MIN(first_time) OVER () AS first_of_all
    FROM solved
  ),
  common AS (
    SELECT
      with_origins.username AS master,
      shown.username AS harvester,
      TIMESTAMP_DIFF(shown.show_time, first_of_problem, MICROSECOND) AS show_since,
      TIMESTAMP_DIFF(with_origins.last_time, first_of_problem, MICROSECOND) AS solved_since,
      TIMESTAMP_DIFF(shown.show_time, first_of_all, MICROSECOND) AS show_offset,
      TIMESTAMP_DIFF(with_origins.last_time, first_of_all, MICROSECOND) AS solved_offset,
      TIMESTAMP_DIFF(with_origins.last_time, shown.show_time, MICROSECOND) AS gap
    FROM with_origins
    INNER JOIN shown ON with_origins.index = shown.index
    INNER JOIN harvesters ON shown.username = harvesters.username
  ),
  with_medians AS (
    SELECT
      master,
      harvester,
      show_since,
      solved_since,
      show_offset,
      solved_offset,
      IF(gap > 0, gap, NULL) AS gap,
      PERCENTILE_CONT(IF(gap > 0, CAST(gap AS FLOAT64), NULL), 0.5) OVER (PARTITION BY master, harvester) AS median_gap
    FROM common
  ),
  -- Sums of integers, those of products in parts of 10 seconds: such sums can be put aside on disk.
  sums AS (
    SELECT
      master,
      harvester,
      COUNT(gap) AS n_before,
      COUNT(*) AS n_common,
      SUM(DIV(gap, 1000000)) AS gap_seconds,
      SUM(MOD(gap, 1000000)) AS gap_microseconds,
      MAX(median_gap) / 1000000 AS median_seconds,
      MIN(show_since) < MAX(show_since) AND MIN(solved_since) < MAX(solved_since) AS norm_varies,
      MIN(show_offset) < MAX(show_offset) AND MIN(solved_offset) < MAX(solved_offset) AS plain_varies,
      SUM(DIV(show_since, 10000000)) AS norm_x1,
      SUM(MOD(show_since, 10000000)) AS norm_x0,
      SUM(DIV(solved_since, 10000000)) AS norm_y1,
      SUM(MOD(solved_since, 10000000)) AS norm_y0,
      SUM(DIV(show_since, 10000000) * DIV(show_since, 10000000)) AS norm_xx2,
      SUM(2 * DIV(show_since, 10000000) * MOD(show_since, 10000000)) AS norm_xx1,
      SUM(MOD(show_since, 10000000) * MOD(show_since, 10000000)) AS norm_xx0,
      SUM(DIV(solved_since, 10000000) * DIV(solved_since, 10000000)) AS norm_yy2,
      SUM(2 * DIV(solved_since, 10000000) * MOD(solved_since, 10000000)) AS norm_yy1,
      SUM(MOD(solved_since, 10000000) * MOD(solved_since, 10000000)) AS norm_yy0,
      SUM(DIV(show_since, 10000000) * DIV(solved_since, 10000000)) AS norm_xy2,
      SUM(DIV(show_since, 10000000) * MOD(solved_since, 10000000) + MOD(show_since, 10000000) * DIV(solved_since, 10000000)) AS norm_xy1,
      SUM(MOD(show_since, 10000000) * MOD(solved_since, 10000000)) AS norm_xy0,
      SUM(DIV(show_offset, 10000000)) AS plain_x1,
      SUM(MOD(show_offset, 10000000)) AS plain_x0,
      SUM(DIV(solved_offset, 10000000)) AS plain_y1,
      SUM(MOD(solved_offset, 10000000)) AS plain_y0,
      SUM(DIV(show_offset, 10000000) * DIV(show_offset, 10000000)) AS plain_xx2,
      SUM(2 * DIV(show_offset, 10000000) * MOD(show_offset, 10000000)) AS plain_xx1,
      SUM(MOD(show_offset, 10000000) * MOD(show_offset, 10000000)) AS plain_xx0,
      SUM(DIV(solved_offset, 10000000) * DIV(solved_offset, 10000000)) AS plain_yy2,
      SUM(2 * DIV(solved_offset, 10000000) * MOD(solved_offset, 10000000)) AS plain_yy1,
      SUM(MOD(solved_offset, 10000000) * MOD(solved_offset, 10000000)) AS plain_yy0,
      SUM(DIV(show_offset, 10000000) * DIV(solved_offset, 10000000)) AS plain_xy2,
      SUM(DIV(show_offset, 10000000) * MOD(solved_offset, 10000000) + MOD(show_offset, 10000000) * DIV(solved_offset, 10000000)) AS plain_xy1,
      SUM(MOD(show_offset, 10000000) * MOD(solved_offset, 10000000)) AS plain_xy0
    FROM with_medians
    GROUP BY master, harvester
    HAVING COUNT(gap) > 10
  ),
  deviations AS (
    SELECT
      master,
      harvester,
      n_before,
      n_common,
      gap_seconds,
      gap_microseconds,
      median_seconds,
      norm_varies,
      plain_varies,
      n_common * (norm_xx2 + norm_xx1 / 1e7 + norm_xx0 / 1e14) - (norm_x1 + norm_x0 / 1e7) * (norm_x1 + norm_x0 / 1e7) AS norm_vx,
      n_common * (norm_yy2 + norm_yy1 / 1e7 + norm_yy0 / 1e14) - (norm_y1 + norm_y0 / 1e7) * (norm_y1 + norm_y0 / 1e7) AS norm_vy,
      n_common * (norm_xy2 + norm_xy1 / 1e7 + norm_xy0 / 1e14) - (norm_x1 + norm_x0 / 1e7) * (norm_y1 + norm_y0 / 1e7) AS norm_vxy,
      n_common * (plain_xx2 + plain_xx1 / 1e7 + plain_xx0 / 1e14) - (plain_x1 + plain_x0 / 1e7) * (plain_x1 + plain_x0 / 1e7) AS plain_vx,
      n_common * (plain_yy2 + plain_yy1 / 1e7 + plain_yy0 / 1e14) - (plain_y1 + plain_y0 / 1e7) * (plain_y1 + plain_y0 / 1e7) AS plain_vy,
      n_common * (plain_xy2 + plain_xy1 / 1e7 + plain_xy0 / 1e14) - (plain_x1 + plain_x0 / 1e7) * (plain_y1 + plain_y0 / 1e7) AS plain_vxy
    FROM sums
  ),
  measures AS (
    SELECT
      master,
      harvester,
      n_before,
      n_common,
      CAST(n_before AS FLOAT64) AS before,
      n_before / n_common AS share,
      (gap_seconds + gap_microseconds / 1000000) / n_before AS mean_seconds,
      median_seconds,
      IF(
        norm_varies AND norm_vx > 0 AND norm_vy > 0,
        LEAST(1.0, GREATEST(-1.0, norm_vxy / SQRT(norm_vx) / SQRT(norm_vy))),
        NULL
      ) AS norm_correlation,
      IF(
        plain_varies AND plain_vx > 0 AND plain_vy > 0,
        LEAST(1.0, GREATEST(-1.0, plain_vxy / SQRT(plain_vx) / SQRT(plain_vy))),
        NULL
      ) AS correlation
    FROM deviations
  ),
  -- How far each stands from the mean of the master's harvesters, in standard deviations; 0 where there is none.
  scores AS (
    SELECT
      master,
      harvester,
      n_before,
      n_common,
      share,
      mean_seconds,
      median_seconds,
      norm_correlation,
      correlation,
      IFNULL(SAFE_DIVIDE(share - AVG(share) OVER of_master, STDDEV(share) OVER of_master), 0.0)
        + 0.5 * IFNULL(SAFE_DIVIDE(before - AVG(before) OVER of_master, STDDEV(before) OVER of_master), 0.0)
        + IFNULL(
          SAFE_DIVIDE(
            norm_correlation - AVG(norm_correlation) OVER of_master, STDDEV(norm_correlation) OVER of_master
          ),
          0.0
        )
        - 2 * IFNULL(
          SAFE_DIVIDE(
            median_seconds - AVG(median_seconds) OVER of_master, STDDEV(median_seconds) OVER of_master
          ),
          0.0
        ) AS score
    FROM measures
    WINDOW of_master AS (PARTITION BY master)
  ),
  with_best AS (
    SELECT
      master,
      harvester,
      n_before,
      n_common,
      share,
      mean_seconds,
      median_seconds,
      norm_correlation,
      correlation,
      score,
      MAX(score) OVER (PARTITION BY master) AS best
    FROM scores
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  master AS master_candidate, -- STRING: the certified account
  harvester AS harvester_candidate, -- STRING: the account that asked for the answers
  ROUND(share, 4) * 100 AS percent_show_ans_before, -- FLOAT: common problems where the harvester asked before the last correct submission, percent
  ROUND(mean_seconds, 3) AS avg_max_dt_seconds, -- FLOAT: mean time between the two in these, seconds
  ROUND(median_seconds, 3) AS median_max_dt_seconds, -- FLOAT: median of that time, seconds
  ROUND(norm_correlation, 8) AS norm_pearson_corr, -- FLOAT: correlation of the two times since the problem was first solved; NULL where they do not vary
  ROUND(correlation, 8) AS unnormalized_pearson_corr, -- FLOAT: correlation of the two times themselves
  n_before AS show_ans_before, -- INTEGER: common problems where the harvester asked first
  n_common AS prob_in_common, -- INTEGER: problems that one solved and of which the other asked for the answer
  score AS best_score -- FLOAT: score of the pair, the highest of the master
FROM with_best
WHERE score = best
ORDER BY avg_max_dt_seconds, master_candidate, harvester_candidate
