-- Label A. The opening of an incident whose first update has priority 1 or 2, and every update that
-- raised one there. Moments: no column says when they ended.
WITH steps AS (
    SELECT
        number,
        nullif(caller_id, '?') AS caller_id,
        priority,
        lag(priority) OVER (
            PARTITION BY number ORDER BY CAST(sys_mod_count AS INTEGER)
        ) AS priority_before,
        strptime(opened_at, '%d/%m/%Y %H:%M') AS opened_at,
        strptime(sys_updated_at, '%d/%m/%Y %H:%M') AS updated_at,
        CAST(sys_mod_count AS INTEGER) AS place
    FROM incident_log
)

SELECT
    number || '-' || CAST(place AS VARCHAR) AS escalation_id,
    caller_id AS account_id,
    CASE WHEN priority_before IS NULL THEN opened_at ELSE updated_at END AS opened_at,
    greatest(opened_at, updated_at) AS recorded_at
FROM steps
WHERE
    priority IN ('1 - Critical', '2 - High')
    AND (priority_before IS NULL OR priority < priority_before)
