-- Label C. One escalation an incident that was not opened at priority 1 or 2: the first update that
-- raised it there. A moment: no column says when it ended.
WITH updates AS (
    SELECT
        number,
        caller_id,
        priority IN ('1 - Critical', '2 - High') AS urgent,
        strptime(sys_updated_at, '%d/%m/%Y %H:%M') AS updated_at,
        CAST(sys_mod_count AS INTEGER) AS place
    FROM incident_log
)

SELECT
    number AS escalation_id,
    nullif(min_by(caller_id, place), '?') AS account_id,
    min_by(updated_at, place) FILTER (WHERE urgent) AS opened_at,
    min_by(updated_at, place) FILTER (WHERE urgent) AS recorded_at
FROM updates
GROUP BY number
HAVING bool_or(urgent) AND NOT min_by(urgent, place)
