-- The pairs of stats_show_ans_before whose accounts are in one group of addresses, for each such group.
-- An account is in a group that has its username together with its address. `table` names another table of groups,
-- with the columns username, ip, grp.
-- command: ip_sybils
-- step: 3 (on request)
-- may be empty: yes
-- grain: grp, master_candidate, harvester_candidate
-- internal: yes
-- input courses.uname_ip_groups: from table
WITH
  address_groups AS (
    SELECT DISTINCT username, ip, grp
    FROM courses.uname_ip_groups AS uname_ip_groups
    WHERE username != ''
      AND grp IS NOT NULL
  ),
  members AS (
    SELECT address_groups.username, address_groups.grp
    FROM sybil_accounts
    INNER JOIN address_groups ON sybil_accounts.username = address_groups.username AND sybil_accounts.ip = address_groups.ip
  )
SELECT
  masters.grp, -- INTEGER: number of the group
  pairs.master_candidate, -- STRING: username of the account that submitted answers
  pairs.harvester_candidate, -- STRING: username of the account that asked for them before
  pairs.percent_show_ans_before, -- FLOAT: common problems where the harvester asked for the answer before, percent
  pairs.show_ans_before, -- INTEGER: their number
  pairs.prob_in_common, -- INTEGER: common problems
  pairs.median_max_dt_seconds, -- FLOAT: median time from the answer to the submission, seconds
  pairs.norm_pearson_corr, -- FLOAT: correlation of the two times since the problem was first submitted
  pairs.unnormalized_pearson_corr, -- FLOAT: correlation of the two times themselves
  pairs.dt_iqr, -- FLOAT: time from answer to submission: distance of its quartiles, seconds
  pairs.dt_std_dev, -- FLOAT: its standard deviation, seconds
  pairs.percentile75_dt_seconds, -- FLOAT: its 75th percentile, seconds
  pairs.percentile90_dt_seconds, -- FLOAT: its 90th percentile, seconds
  pairs.avg_max_dt_seconds -- FLOAT: its mean, seconds
FROM stats_show_ans_before AS pairs
INNER JOIN members AS masters ON pairs.master_candidate = masters.username
INNER JOIN members AS harvesters
  ON pairs.harvester_candidate = harvesters.username
  AND masters.grp = harvesters.grp
ORDER BY masters.grp, master_candidate, harvester_candidate
