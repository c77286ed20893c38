#!lua flags=allow-oom
-- Says that a worker lives, and lists all that do. Ages are by this server's clock, so that hosts need not agree.
--
-- KEYS[1] workers
-- ARGV[1] worker      ARGV[2] what it says of itself      ARGV[3] milliseconds of silence after which one is dropped
--
-- Output: {worker, age in ms, info, worker, age, info, …}, the caller among them with age 0
-- On error: nothing was changed.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d:%s', now, ARGV[2]))
local all = redis.call('HGETALL', KEYS[1])
local out = {}
for i = 1, #all, 2 do
    local at, info = string.match(all[i + 1], '^(%d+):(.*)$')
    local age = now - tonumber(at or 0)
    if age > tonumber(ARGV[3]) then
        redis.call('HDEL', KEYS[1], all[i])
    else
        out[#out + 1] = all[i]
        out[#out + 1] = math.max(age, 0)
        out[#out + 1] = info
    end
end
return out
