-- Removes the head of a parked user's list whose effects are committed, or notes the next try of what stays there.
--
-- KEYS[1] owner      KEYS[2] parked:<user>      KEYS[3] crashes      KEYS[4] due      KEYS[5] attempts
-- KEYS[6] count      KEYS[7] alone
-- ARGV[1] token                        ARGV[2] first entry             ARGV[3] last entry
-- ARGV[4] entries that were peeked     ARGV[5] crashes afterwards      ARGV[6] seconds that results are kept
-- ARGV[7], [8], [9] succeeded, failed, dead                            ARGV[10] bound of a parked list
-- ARGV[11] key prefix of results       ARGV[12] message of the done channel ('' for none)
-- ARGV[13] ids that are done, with a space between ('' for none)       ARGV[14] how many of them to remove
-- ARGV[15] user      ARGV[16] next try in ms      ARGV[17] attempts record of the new head ('' for none)
-- ARGV[18] id of the entry that was tried and stays at the head ('' for none)
-- then to the end: … × window, R, R × id, result    results, in the hash of their window; R at most 1000
--
-- Output: {'settled', depth left}                          the user is parked no more where 0 are left
--         {'settled', depth left, user, depth left}        it is over the bound
--         {'not-owner'}       another holds the lane, or nobody; nothing was changed
--         {'prefix-changed'}  the list's head is not what was peeked; nothing was changed
-- On error: nothing was changed.
--
-- No `#!` line, for the reason that settle.lua gives: the first results probe for a full server. LTRIM is called even
-- to remove nothing: after it, no write is refused for want of memory.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'not-owner'} end
local size = tonumber(ARGV[4])
if redis.call('LINDEX', KEYS[2], 0) ~= ARGV[2] or redis.call('LINDEX', KEYS[2], size - 1) ~= ARGV[3] then
    return {'prefix-changed'}
end

local at = 19
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
redis.call('LTRIM', KEYS[2], ARGV[14], -1)
if ARGV[5] == '0' then redis.call('DEL', KEYS[3]) else redis.call('SET', KEYS[3], ARGV[5]) end

local depth = redis.call('LLEN', KEYS[2])
if depth == 0 then
    redis.call('ZREM', KEYS[4], ARGV[15])
else
    redis.call('ZADD', KEYS[4], ARGV[16], ARGV[15])
end
if depth == 0 or ARGV[17] == '' then
    redis.call('HDEL', KEYS[5], ARGV[15])
else
    redis.call('HSET', KEYS[5], ARGV[15], ARGV[17])
end

if ARGV[7] ~= '0' then redis.call('HINCRBY', KEYS[6], 'succeeded', ARGV[7]) end
if ARGV[8] ~= '0' then redis.call('HINCRBY', KEYS[6], 'failed', ARGV[8]) end
if ARGV[9] ~= '0' then redis.call('HINCRBY', KEYS[6], 'dead', ARGV[9]) end
if redis.call('EXISTS', KEYS[7]) == 1 then
    for id in string.gmatch(ARGV[13], '%S+') do redis.call('HDEL', KEYS[7], id) end
    if ARGV[18] ~= '' then redis.call('HDEL', KEYS[7], ARGV[18]) end
end
if ARGV[12] ~= '' then redis.call('PUBLISH', 'tl:done', ARGV[12]) end
if depth > tonumber(ARGV[10]) then return {'settled', depth, ARGV[15], depth} end
return {'settled', depth}
