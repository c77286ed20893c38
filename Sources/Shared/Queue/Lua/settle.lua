-- Removes a lane's prefix whose effects are committed, parks what must wait, writes results and publishes them.
--
-- KEYS[1] owner      KEYS[2] queue      KEYS[3] crashes      KEYS[4] due      KEYS[5] attempts      KEYS[6] count
-- KEYS[7] alone
-- ARGV[1] token                        ARGV[2] first entry             ARGV[3] last entry
-- ARGV[4] entries in the prefix        ARGV[5] crashes afterwards      ARGV[6] seconds that results are kept
-- ARGV[7], [8], [9] succeeded, failed, dead                            ARGV[10] bound of a parked list
-- ARGV[11] key prefix of results       ARGV[12] key prefix of parked   ARGV[13] done channel
-- ARGV[14] ids that are done, with a space between ('' for none)
-- ARGV[15] P      ARGV[16] M           then to the end:
--   P × user, due in ms, attempts record      users parked from here on
--   M × place in the prefix from 1, user, id  entries that go behind what is parked of the user
--   … × window, R, R × id, result             results, in the hash of their window; R at most 1000, for unpack
--
-- Output: {'settled', depth left, user, parked depth, …}  with the parked users that are over the bound
--         {'not-owner'}       another holds the lane, or nobody; nothing was changed
--         {'prefix-changed'}  the prefix is not what was peeked; nothing was changed
-- On error: nothing was changed.
--
-- It has no `#!` line, and that is for a full server: a script with flags=allow-oom may write all it likes and never
-- learns that memory is short, one with other flags is refused altogether. Without flags the first write that adds
-- memory fails with OOM, and after any other write nothing fails: so the first results are the probe, results are left
-- out if it fails (PostgreSQL has them), and the trim opens the way for the rest.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'not-owner'} end
local size = tonumber(ARGV[4])
if redis.call('LINDEX', KEYS[2], 0) ~= ARGV[2]
    or size > 1 and redis.call('LINDEX', KEYS[2], size - 1) ~= ARGV[3] then
    return {'prefix-changed'}
end
-- Nearly always 0, and one call: each costs a lane of one entry as much as the next.
local is_marked = redis.call('EXISTS', KEYS[3], KEYS[7]) > 0
local parks, moves = tonumber(ARGV[15]), tonumber(ARGV[16])
local moves_at = 17 + parks * 3
local results_at = moves_at + moves * 3

-- An entry in the list of a user who is not due would never be tried again.
local is_parked = {}
for at = 17, moves_at - 1, 3 do is_parked[ARGV[at]] = true end
for at = moves_at + 1, results_at - 1, 3 do
    if not is_parked[ARGV[at]] and not redis.call('ZSCORE', KEYS[4], ARGV[at]) then
        return redis.error_reply('ERR an entry would be parked for a user who is not')
    end
    is_parked[ARGV[at]] = true
end
local prefix = moves > 0 and redis.call('LRANGE', KEYS[2], 0, size - 1)

local at = results_at
while at < #ARGV do
    local key, last = ARGV[11] .. ARGV[at], at + 1 + 2 * tonumber(ARGV[at + 1])
    local reply = redis.pcall('HSET', key, unpack(ARGV, at + 2, last))
    if type(reply) == 'table' then
        if string.sub(reply.err, 1, 3) ~= 'OOM' then return reply end
        break
    end
    redis.call('EXPIRE', key, ARGV[6])
    at = last + 1
end
redis.call('LTRIM', KEYS[2], size, -1)
if ARGV[5] ~= '0' then redis.call('SET', KEYS[3], ARGV[5]) elseif is_marked then redis.call('DEL', KEYS[3]) end

local out = {'settled', redis.call('LLEN', KEYS[2])}
for at = 17, moves_at - 1, 3 do
    redis.call('ZADD', KEYS[4], ARGV[at + 1], ARGV[at])
    redis.call('HSET', KEYS[5], ARGV[at], ARGV[at + 2])
end
for at = moves_at, results_at - 1, 3 do
    local user = ARGV[at + 1]
    local depth = redis.call('RPUSH', ARGV[12] .. user, prefix[tonumber(ARGV[at])])
    if depth > tonumber(ARGV[10]) then is_parked[user] = depth end
end
for user, depth in pairs(is_parked) do
    if depth ~= true then
        out[#out + 1] = user
        out[#out + 1] = depth
    end
end

if ARGV[7] ~= '0' then redis.call('HINCRBY', KEYS[6], 'succeeded', ARGV[7]) end
if ARGV[8] ~= '0' then redis.call('HINCRBY', KEYS[6], 'failed', ARGV[8]) end
if ARGV[9] ~= '0' then redis.call('HINCRBY', KEYS[6], 'dead', ARGV[9]) end
if is_marked then
    for id in string.gmatch(ARGV[14], '%S+') do redis.call('HDEL', KEYS[7], id) end
    for at = moves_at, results_at - 1, 3 do redis.call('HDEL', KEYS[7], ARGV[at + 2]) end
end
if ARGV[14] ~= '' then redis.call('SPUBLISH', ARGV[13], ARGV[14]) end
return out
