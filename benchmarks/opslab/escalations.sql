-- `resolution_hours` stands on unresolved ones too: those six are still open. The day is all that is
-- known of an opening. Why it was escalated is known from then on, its root cause once it is closed.
SELECT
    escalation_id,
    account_id,
    escalation_date AS opened_at,
    CASE
        WHEN resolved = 'Yes'
            THEN CAST(escalation_date AS TIMESTAMP)
                + to_seconds(3600 * CAST(resolution_hours AS DOUBLE))
    END AS closed_at,
    root_cause AS cause,
    escalation_reason AS issue
FROM escalations
