-- Makes a user's parked list and time of the next try fit each other, by what both are at this instant: whoever found
-- them odd read them a while ago, and a worker may have parked or settled since.
--
-- KEYS[1] parked:<user>      KEYS[2] due      KEYS[3] attempts
-- ARGV[1] user               ARGV[2] now in ms
--
-- Output: 1 had mutations and was never due: is due now
--         2 was due for nothing: taken out
--         0 both fit; nothing was changed
-- On error: nothing was changed.
local isDue = redis.call('ZSCORE', KEYS[2], ARGV[1])
local isParked = redis.call('EXISTS', KEYS[1]) == 1
if isParked and not isDue then
    redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
    return 1
end
if isDue and not isParked then
    redis.call('ZREM', KEYS[2], ARGV[1])
    redis.call('HDEL', KEYS[3], ARGV[1])
    return 2
end
return 0
