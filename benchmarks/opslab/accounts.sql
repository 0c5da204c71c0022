-- Who the account is, and from the day of the churn on a second version that has a contract's end:
-- nobody knew the end before it came.
SELECT
    customers.account_id,
    customers.company AS name,
    customers.arr,
    customers.industry AS segment,
    customers.plan,
    customers.state AS region,
    customers.csm_owner AS csm,
    customers.start_date AS contract_start,
    NULL AS contract_end,
    NULL AS valid_from
FROM customers
UNION ALL
SELECT
    customers.account_id,
    customers.company,
    customers.arr,
    customers.industry,
    customers.plan,
    customers.state,
    customers.csm_owner,
    customers.start_date,
    churn_cases.churn_date,
    churn_cases.churn_date
FROM churn_cases
INNER JOIN customers ON churn_cases.account_id = customers.account_id
