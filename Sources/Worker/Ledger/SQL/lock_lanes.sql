-- First of the transaction: a stale owner and the new one are in each other's way here and nowhere later, so what the
-- following statements read is what the other one left (I3). $1 sets our locks apart from other people's.
SELECT pg_advisory_xact_lock($1, lane) FROM unnest($2::int4[]) AS wanted(lane)
