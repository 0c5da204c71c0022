-- Label A. One escalation an incident: its opening if the first update has priority 1 or 2, else the
-- first update that raised it there. A moment: no column says when it ended.
WITH urgent AS (
    SELECT
        number,
        strptime(sys_updated_at, '%d/%m/%Y %H:%M') AS updated_at,
        CAST(sys_mod_count AS INTEGER) AS place
    FROM incident_log
    WHERE priority IN ('1 - Critical', '2 - High')
),

incidents AS (
    SELECT
        number,
        min_by(caller_id, CAST(sys_mod_count AS INTEGER)) AS caller_id,
        strptime(min(opened_at), '%d/%m/%Y %H:%M') AS opened_at,
        min(CAST(sys_mod_count AS INTEGER)) AS first_place
    FROM incident_log
    GROUP BY number
),

times AS (
    SELECT number, min(place) AS place, min_by(updated_at, place) AS updated_at
    FROM urgent
    GROUP BY number
)

SELECT
    incidents.number AS escalation_id,
    nullif(incidents.caller_id, '?') AS account_id,
    CASE
        WHEN times.place = incidents.first_place THEN incidents.opened_at ELSE times.updated_at
    END AS opened_at,
    times.updated_at AS recorded_at
FROM times
INNER JOIN incidents ON times.number = incidents.number
