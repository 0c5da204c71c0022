-- Notes are written by the customer success managers, also those on calls: our words, so outbound.
-- Notes of the type Escalation tell colleagues of a ticket and are no contact with the customer.
SELECT
    note_id AS message_id,
    account_id,
    created_date AS sent_at,
    CASE note_type WHEN 'Email' THEN 'email' ELSE 'call' END AS channel,
    'outbound' AS direction,
    author,
    note_content AS text
FROM account_notes
WHERE note_type <> 'Escalation'
