UPDATE dead_letters SET state = CASE WHEN ended.superseded THEN 'superseded' ELSE 'redriven' END, state_at = $3
FROM unnest($1::uuid[], $2::bool[]) AS ended(request_id, superseded)
WHERE dead_letters.request_id = ended.request_id AND dead_letters.state IN ('redriving', 'redriven')
