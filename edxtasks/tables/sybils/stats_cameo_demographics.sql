-- Who the accounts of stats_ip_pair_sybils3 are, beside the other participants of the course.
-- command: ip_sybils
-- step: 6 (on request)
-- grain: one row
WITH
  found AS (
    SELECT DISTINCT username
    FROM stats_ip_pair_sybils3
  ),
  participants AS (
    SELECT
      certified,
      gender,
      LoE,
      cc_by_ip,
      mode,
      2015 - YoB AS age,
      found.username IS NOT NULL AS cameo
    FROM person_course
    LEFT JOIN found ON person_course.username = found.username
    WHERE viewed
  ),
  of_kinds AS (
    SELECT
      certified,
      gender,
      LoE,
      cc_by_ip,
      mode,
      age,
      CASE
        WHEN cameo AND certified THEN 'certified_cameo'
        WHEN NOT cameo AND certified THEN 'certified_non_cameo'
        WHEN cameo AND NOT certified THEN 'non_certified_cameo_harvester'
        WHEN NOT cameo AND NOT certified THEN 'non_certified_participant_non_harvester'
      END AS kind
    FROM participants
  ),
  with_medians AS (
    SELECT
      certified,
      gender,
      LoE,
      cc_by_ip,
      mode,
      kind,
      PERCENTILE_DISC(age, 0.5) OVER (PARTITION BY kind) AS median_age
    FROM of_kinds
  )
SELECT
  @course_id AS course_id, -- STRING: course key, ORG/NUMBER/RUN
  COUNTIF(kind = 'certified_cameo') AS n_certified_cameo, -- INTEGER: participants with a certificate in stats_ip_pair_sybils3
  COUNTIF(kind = 'certified_cameo' AND gender = 'm') AS n_male_certified_cameo, -- INTEGER: of these: men
  COUNTIF(kind = 'certified_cameo' AND gender = 'f') AS n_female_certified_cameo, -- INTEGER: of these: women
  COUNTIF(kind = 'certified_cameo' AND LoE IN ('b', 'm', 'p', 'p_oth', 'p_se')) AS n_bachplus_certified_cameo, -- INTEGER: of these: with a bachelor's degree or a higher one
  COUNTIF(kind = 'certified_cameo' AND LoE IN ('a', 'el', 'hs', 'jhs', 'none')) AS n_sub_bachplus_certified_cameo, -- INTEGER: of these: with less
  COUNTIF(kind = 'certified_cameo' AND cc_by_ip = 'US') AS n_in_US_certified_cameo, -- INTEGER: of these: with an address in the United States
  COUNTIF(kind = 'certified_cameo' AND cc_by_ip != 'US') AS n_not_in_US_certified_cameo, -- INTEGER: of these: with one elsewhere
  COUNTIF(kind = 'certified_cameo' AND mode = 'verified') AS n_id_verified_certified_cameo, -- INTEGER: of these: enrolled as verified
  MAX(IF(kind = 'certified_cameo', median_age, NULL)) AS median_age_in_2015_certified_cameo, -- INTEGER: of these: median age in 2015, of two the lower one; NULL where none is known
  COUNTIF(kind = 'certified_non_cameo') AS n_certified_non_cameo, -- INTEGER: participants with a certificate, not there
  COUNTIF(kind = 'certified_non_cameo' AND gender = 'm') AS n_male_certified_non_cameo, -- INTEGER: of these: men
  COUNTIF(kind = 'certified_non_cameo' AND gender = 'f') AS n_female_certified_non_cameo, -- INTEGER: of these: women
  COUNTIF(kind = 'certified_non_cameo' AND LoE IN ('b', 'm', 'p', 'p_oth', 'p_se')) AS n_bachplus_certified_non_cameo, -- INTEGER: of these: with a bachelor's degree or a higher one
  COUNTIF(kind = 'certified_non_cameo' AND LoE IN ('a', 'el', 'hs', 'jhs', 'none')) AS n_sub_bachplus_certified_non_cameo, -- INTEGER: of these: with less
  COUNTIF(kind = 'certified_non_cameo' AND cc_by_ip = 'US') AS n_in_US_certified_non_cameo, -- INTEGER: of these: with an address in the United States
  COUNTIF(kind = 'certified_non_cameo' AND cc_by_ip != 'US') AS n_not_in_US_certified_non_cameo, -- INTEGER: of these: with one elsewhere
  COUNTIF(kind = 'certified_non_cameo' AND mode = 'verified') AS n_id_verified_certified_non_cameo, -- INTEGER: of these: enrolled as verified
  MAX(IF(kind = 'certified_non_cameo', median_age, NULL)) AS median_age_in_2015_certified_non_cameo, -- INTEGER: of these: median age in 2015, of two the lower one; NULL where none is known
  COUNTIF(certified) AS n_certified, -- INTEGER: participants with a certificate
  COUNTIF(kind = 'non_certified_cameo_harvester') AS n_non_certified_cameo_harvester, -- INTEGER: participants without a certificate in stats_ip_pair_sybils3
  COUNTIF(kind = 'non_certified_cameo_harvester' AND gender = 'm') AS n_male_non_certified_cameo_harvester, -- INTEGER: of these: men
  COUNTIF(kind = 'non_certified_cameo_harvester' AND gender = 'f') AS n_female_non_certified_cameo_harvester, -- INTEGER: of these: women
  COUNTIF(kind = 'non_certified_cameo_harvester' AND LoE IN ('b', 'm', 'p', 'p_oth', 'p_se')) AS n_bachplus_non_certified_cameo_harvester, -- INTEGER: of these: with a bachelor's degree or a higher one
  COUNTIF(kind = 'non_certified_cameo_harvester' AND LoE IN ('a', 'el', 'hs', 'jhs', 'none')) AS n_sub_bachplus_non_certified_cameo_harvester, -- INTEGER: of these: with less
  COUNTIF(kind = 'non_certified_cameo_harvester' AND cc_by_ip = 'US') AS n_in_US_certified_non_certified_cameo_harvester, -- INTEGER: of these: with an address in the United States
  COUNTIF(kind = 'non_certified_cameo_harvester' AND cc_by_ip != 'US') AS n_not_in_US_certified_non_certified_cameo_harvester, -- INTEGER: of these: with one elsewhere
  MAX(IF(kind = 'non_certified_cameo_harvester', median_age, NULL)) AS median_age_in_2015_non_certified_cameo_harvester, -- INTEGER: of these: median age in 2015, of two the lower one; NULL where none is known
  COUNTIF(kind = 'non_certified_participant_non_harvester') AS n_non_certified_participant_non_harvester, -- INTEGER: participants without a certificate, not there
  COUNTIF(kind = 'non_certified_participant_non_harvester' AND gender = 'm') AS n_male_non_certified_participant_non_harvester, -- INTEGER: of these: men
  COUNTIF(kind = 'non_certified_participant_non_harvester' AND gender = 'f') AS n_female_non_certified_participant_non_harvester, -- INTEGER: of these: women
  COUNTIF(kind = 'non_certified_participant_non_harvester' AND LoE IN ('b', 'm', 'p', 'p_oth', 'p_se')) AS n_bachplus_non_certified_participant_non_harvester, -- INTEGER: of these: with a bachelor's degree or a higher one
  COUNTIF(kind = 'non_certified_participant_non_harvester' AND LoE IN ('a', 'el', 'hs', 'jhs', 'none')) AS n_sub_bachplus_non_certified_participant_non_harvester, -- INTEGER: of these: with less
  COUNTIF(kind = 'non_certified_participant_non_harvester' AND cc_by_ip = 'US') AS n_in_US_certified_non_certified_participant_non_harvester, -- INTEGER: of these: with an address in the United States
  COUNTIF(kind = 'non_certified_participant_non_harvester' AND cc_by_ip != 'US') AS n_not_in_US_certified_non_certified_participant_non_harvester, -- INTEGER: of these: with one elsewhere
  MAX(IF(kind = 'non_certified_participant_non_harvester', median_age, NULL)) AS median_age_in_2015_non_certified_participant_non_harvester, -- INTEGER: of these: median age in 2015, of two the lower one; NULL where none is known
  COUNT(*) AS n_participants, -- INTEGER: participants: those who viewed the course
  COUNTIF(NOT certified) AS n_non_certified_participants -- INTEGER: participants without a certificate
FROM with_medians
