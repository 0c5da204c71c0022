-- What changed from one update to the next, at the later one's own time.
WITH updates AS (
    SELECT
        number,
        strptime(sys_updated_at, '%d/%m/%Y %H:%M') AS updated_at,
        incident_state AS state,
        priority,
        CAST(reassignment_count AS INTEGER) AS reassignments,
        CAST(reopen_count AS INTEGER) AS reopens,
        assignment_group,
        CAST(sys_mod_count AS INTEGER) AS place
    FROM incident_log
),

steps AS (
    SELECT
        *,
        lag(state) OVER earlier AS state_before,
        lag(priority) OVER earlier AS priority_before,
        lag(reassignments) OVER earlier AS reassignments_before,
        lag(reopens) OVER earlier AS reopens_before
    FROM updates
    WINDOW earlier AS (PARTITION BY number ORDER BY place, updated_at)
)

SELECT number AS ticket_id, updated_at AS occurred_at, 'status' AS kind, state AS value
FROM steps
WHERE state IS DISTINCT FROM state_before
UNION ALL
SELECT number, updated_at, 'priority', 'P' || left(priority, 1)
FROM steps
WHERE priority <> priority_before
UNION ALL
SELECT number, updated_at, 'assigned', nullif(assignment_group, '?')
FROM steps
WHERE reassignments > reassignments_before
UNION ALL
SELECT number, updated_at, 'reopened', NULL
FROM steps
WHERE reopens > reopens_before
