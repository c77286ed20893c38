-- The bounds are there for the planner: = ANY of a parameter cannot rule out partitions, a range can.
SELECT request_id, status, code, version, redrive FROM requests
WHERE request_id = ANY($1::uuid[]) AND request_id >= $2 AND request_id <= $3
