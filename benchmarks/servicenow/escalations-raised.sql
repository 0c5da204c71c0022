-- Label C. Every update that raised an incident to priority 1 or 2. A moment: no column says when it
-- ended.
WITH steps AS (
    SELECT
        number,
        nullif(caller_id, '?') AS caller_id,
        priority,
        lag(priority) OVER (
            PARTITION BY number ORDER BY CAST(sys_mod_count AS INTEGER)
        ) AS priority_before,
        strptime(sys_updated_at, '%d/%m/%Y %H:%M') AS updated_at,
        CAST(sys_mod_count AS INTEGER) AS place
    FROM incident_log
)

SELECT
    number || '-' || CAST(place AS VARCHAR) AS escalation_id,
    caller_id AS account_id,
    updated_at AS opened_at,
    updated_at AS recorded_at
FROM steps
WHERE priority < priority_before AND priority IN ('1 - Critical', '2 - High')
