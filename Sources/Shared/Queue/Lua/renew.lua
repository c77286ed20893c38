#!lua flags=allow-oom
-- Prolongs a lease that is still held.
--
-- KEYS[1] owner
-- ARGV[1] token      ARGV[2] lease in milliseconds, from now
--
-- Output: 1 prolonged; 0 the lane is not the token's any more, nothing was changed
-- On error: nothing was changed.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
