#!lua
-- Pushes a mutation again under its own request id (redrive). Harmless when done twice: the inbox takes a redrive
-- number once.
--
-- KEYS[1] queue      KEYS[2] count      KEYS[3] the results of the request's window
-- ARGV[1] entry      ARGV[2] request id
--
-- Output: the lane's depth
-- On error: nothing was changed (out of memory: refused as a whole).
redis.call('HDEL', KEYS[3], ARGV[2])
local depth = redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('HINCRBY', KEYS[2], 'accepted', 1)
if depth == 1 then
    redis.call('PUBLISH', (string.gsub(KEYS[1], 'queue$', 'bell')), string.match(KEYS[1], '%d+'))
end
return depth
