#!lua flags=allow-oom
-- Gives a lane back, so that the next owner takes it at once and counts no crash.
--
-- KEYS[1] owner      KEYS[2] holder
-- ARGV[1] token
--
-- Output: 1 released; 0 the lane was not the token's any more. Where the lease has run out and nobody has taken over
--         yet, that is still a release: the worker lives.
-- On error: nothing was changed; the lease runs out by itself.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
