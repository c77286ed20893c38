#!lua flags=allow-oom
-- Notes that an entry is about to be applied alone, because batches with it in them have cost lives.
--
-- KEYS[1] owner      KEYS[2] alone
-- ARGV[1] token      ARGV[2] request id
--
-- Output: tries begun and neither settled nor withdrawn, this one included
--         0 the lane is not the token's any more; nothing was changed
-- On error: nothing was changed.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('HINCRBY', KEYS[2], ARGV[2], 1)
