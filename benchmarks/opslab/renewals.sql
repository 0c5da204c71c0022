-- A renewal is known from the day on which somebody engaged with it. Its outcome, new value and
-- discount came out of it and are not dated: left out.
SELECT
    account_id,
    renewal_date,
    CAST(renewal_date AS DATE) - CAST(days_to_renewal_when_engaged AS INTEGER) AS recorded_at
FROM renewal_cases
