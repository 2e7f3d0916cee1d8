-- Pairs of accounts of which one asked for the answers of at least 10 problems before the other solved them.
-- There are as many pairs as harvesters times others, so that here they are only counted, and those left out
-- whose median delay is more than 7 days.
-- command: ip_sybils
-- step: 3 (on request)
-- may be empty: yes
-- grain: master_id, harvester_id
-- internal: yes
WITH
  common AS (
    SELECT
      solved.user_id AS master_id,
      shown.user_id AS harvester_id,
      TIMESTAMP_DIFF(solved.time, shown.time, MICROSECOND) AS delay
    FROM show_ans_before_checks AS solved
    INNER JOIN show_ans_before_shows AS shown
      ON solved.module_id = shown.module_id
      AND solved.time > shown.after
      AND solved.time <= shown.until
    WHERE solved.user_id != shown.user_id
  )
SELECT
  master_id, -- INTEGER: account id of the one that solved
  harvester_id, -- INTEGER: account id of the one that asked for the answers
  COUNT(*) AS n_common, -- INTEGER: problems that one solved at once and of which the other asked for the answer
  COUNTIF(delay > 0) AS n_before -- INTEGER: those where the answer was asked for before
FROM common
GROUP BY master_id, harvester_id
HAVING COUNTIF(delay > 0) >= 10
  AND 2 * COUNTIF(delay > 0 AND delay <= 604800000000) >= COUNTIF(delay > 0)
