#!lua flags=allow-oom
-- Takes a lane that nobody holds.
--
-- KEYS[1] owner      KEYS[2] holder      KEYS[3] crashes      KEYS[4] queue      KEYS[5] due
-- ARGV[1] token, never used before       ARGV[2] lease in milliseconds
--
-- Output: {'held', token}                somebody's lease still runs; nothing was changed
--         {'acquired', clean, crashes}   clean is 1 where the last owner released the lane, else 0
-- On error: nothing was changed.
--
-- `owner` expires, `holder` does not: a holder without an owner died, or was cut off, with the lane in hands. Taking
-- over replaces the holder, so that each such death is counted once. It is no crash of a mutation's making when the
-- lane was empty, or idle lanes would gather counts over years of restarts.
local owner = redis.call('GET', KEYS[1])
if owner then return {'held', owner} end
local holder = redis.call('GET', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1])
if not holder then return {'acquired', 1, tonumber(redis.call('GET', KEYS[3]) or 0)} end
if redis.call('EXISTS', KEYS[4], KEYS[5]) == 0 then
    redis.call('DEL', KEYS[3])
    return {'acquired', 0, 0}
end
return {'acquired', 0, redis.call('INCR', KEYS[3])}
