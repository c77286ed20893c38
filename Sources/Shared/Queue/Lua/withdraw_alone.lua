#!lua flags=allow-oom
-- Takes one note of `begin_alone` back. It asks for no token: the note was this worker's own, and subtracting
-- commutes with whatever a new owner notes.
--
-- KEYS[1] alone
-- ARGV[1] request id
--
-- Output: notes that are left
-- On error: nothing was changed.
local noted = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
if noted > 1 then return redis.call('HINCRBY', KEYS[1], ARGV[1], -1) end
redis.call('HDEL', KEYS[1], ARGV[1])
return 0
