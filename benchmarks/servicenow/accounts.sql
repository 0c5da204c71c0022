-- An account is a caller. The log knows nothing else about one; without a contract's start a caller
-- counts as a customer from the first row anywhere.
SELECT DISTINCT caller_id AS account_id
FROM incident_log
WHERE caller_id <> '?'
