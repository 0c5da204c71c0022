-- One row an incident, as its first update has it; changes come through ticket_events.sql.
-- Updates are in the order of sys_mod_count, the log's own counter.
WITH updates AS (
    SELECT
        *,
        CAST(sys_mod_count AS INTEGER) AS place,
        strptime(sys_updated_at, '%d/%m/%Y %H:%M') AS updated_at
    FROM incident_log
),

firsts AS (
    SELECT
        number,
        min_by(caller_id, place) AS caller_id,
        min_by(opened_at, place) AS opened_at,
        min_by(priority, place) AS priority,
        min_by(category, place) AS category,
        min_by(u_symptom, place) AS symptom,
        min(updated_at) AS first_update,
        -- somebody took it up: the first update in another state than New
        min(updated_at) FILTER (WHERE incident_state <> 'New') AS taken_up_at,
        -- the first resolution, not the last: that a ticket would be opened again is not known yet
        min(updated_at) FILTER (WHERE incident_state IN ('Resolved', 'Closed')) AS resolved_at
    FROM updates
    GROUP BY number
),

resolutions AS (
    SELECT
        updates.number,
        max(CAST(updates.reassignment_count AS INTEGER)) AS reassignments
    FROM updates
    INNER JOIN firsts ON updates.number = firsts.number
    WHERE updates.updated_at <= firsts.resolved_at
    GROUP BY updates.number
)

SELECT
    firsts.number AS ticket_id,
    nullif(firsts.caller_id, '?') AS account_id,
    strptime(firsts.opened_at, '%d/%m/%Y %H:%M') AS opened_at,
    -- five incidents have an update before their opening: no response can come before it
    CASE
        WHEN firsts.taken_up_at >= strptime(firsts.opened_at, '%d/%m/%Y %H:%M') THEN firsts.taken_up_at
    END AS first_response_at,
    CASE
        WHEN firsts.resolved_at >= strptime(firsts.opened_at, '%d/%m/%Y %H:%M') THEN firsts.resolved_at
    END AS resolved_at,
    'P' || left(firsts.priority, 1) AS priority,
    nullif(firsts.category, '?') AS category,
    nullif(firsts.symptom, '?') AS subject,
    resolutions.reassignments,
    greatest(firsts.first_update, strptime(firsts.opened_at, '%d/%m/%Y %H:%M')) AS first_update
FROM firsts
LEFT JOIN resolutions ON firsts.number = resolutions.number
