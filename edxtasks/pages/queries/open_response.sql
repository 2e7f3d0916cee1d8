-- How many learners took which step of open response problems.
-- command: dashboard
-- grain: action
SELECT
  action, -- STRING: what was done
  COUNT(DISTINCT username) AS learners, -- INTEGER: learners
  COUNT(*) AS events -- INTEGER: events
FROM ora_events
WHERE username != '' AND NOT STARTS_WITH(action, 'handler/')
GROUP BY action
ORDER BY action
