-- Times are written as a date, an hour of day and hours since: one time each here. Open tickets have
-- a resolved_date too (a plan, it seems): only those whose status is Resolved were resolved.
WITH timed AS (
    SELECT
        *,
        CAST(created_date || ' ' || created_time AS TIMESTAMP) AS opened,
        status = 'Resolved' AS is_resolved
    FROM support_tickets
)

SELECT
    ticket_id,
    account_id,
    opened AS opened_at,
    opened + to_seconds(3600 * CAST(first_response_hours AS DOUBLE)) AS first_response_at,
    CASE
        WHEN is_resolved THEN opened + to_seconds(3600 * CAST(resolution_hours AS DOUBLE))
    END AS resolved_at,
    priority,
    category,
    subject,
    opened + to_seconds(3600 * CAST(sla_target_hours AS DOUBLE)) AS sla_due_at,
    CASE reopened WHEN 'Yes' THEN 1 WHEN 'No' THEN 0 END AS reopens,
    CASE WHEN is_resolved THEN csat_score END AS csat,
    -- when the customer rated it is not said: not before the resolution
    CASE
        WHEN is_resolved THEN opened + to_seconds(3600 * CAST(resolution_hours AS DOUBLE))
    END AS rated_at
FROM timed
