-- Removes prefixes of lanes whose effects are committed, parks what must wait, writes results and publishes them.
--
-- KEYS[1] and on  the queue of each lane, for the server to know where they are
-- ARGV[1]         the lanes as MessagePack, an array for each:
--   1 prefix of its keys    2 token            3 first entry            4 last entry
--   5 entries in the prefix 6 crashes afterwards                        7 seconds that results are kept
--   8, 9, 10 succeeded, failed, dead           11 bound of a parked list
--   12 ids that are done, with a space between ('' for none)
--   13 P      14 M           then to the end:
--     P × user, due in ms, attempts record      users parked from here on
--     M × place in the prefix from 1, user, id  entries that go behind what is parked of the user
--     … × window, R, R × id, result             results, in the hash of their window; R at most 1000, for unpack
--
-- Output, for each lane:
--         {'settled', depth left, user, parked depth, …}  with the parked users that are over the bound
--         {'not-owner'}       another holds the lane, or nobody; nothing was changed
--         {'prefix-changed'}  the prefix is not what was peeked; nothing was changed
--         an error            nothing was changed in this lane
--
-- All lanes of a batch in one argument: the server reads a large one at once, but a row of small commands 16 KiB at a
-- time, and with appendfsync always it syncs between: a batch of 100 lanes took 25 ms to settle that way.
--
-- It has no `#!` line, and that is for a full server: a script with flags=allow-oom may write all it likes and never
-- learns that memory is short, one with other flags is refused altogether. Without flags the first write that adds
-- memory fails with OOM, and after any other write nothing fails: so the first results are the probe, results are left
-- out if it fails (PostgreSQL has them), and the trim opens the way for the rest.
local is_full = false

local function settle(lane)
    local prefix = lane[1]
    local queue, due, attempts = prefix .. 'queue', prefix .. 'due', prefix .. 'attempts'
    local crashes, alone = prefix .. 'crashes', prefix .. 'alone'
    if redis.call('GET', prefix .. 'owner') ~= lane[2] then return {'not-owner'} end
    local size = tonumber(lane[5])
    if redis.call('LINDEX', queue, 0) ~= lane[3]
        or size > 1 and redis.call('LINDEX', queue, size - 1) ~= lane[4] then
        return {'prefix-changed'}
    end
    -- Nearly always 0, and one call: each costs a lane of one entry as much as the next.
    local is_marked = redis.call('EXISTS', crashes, alone) > 0
    local moves_at = 15 + tonumber(lane[13]) * 3
    local moves = tonumber(lane[14])
    local results_at = moves_at + moves * 3

    -- An entry in the list of a user who is not due would never be tried again.
    local is_parked = {}
    for at = 15, moves_at - 1, 3 do is_parked[lane[at]] = true end
    for at = moves_at + 1, results_at - 1, 3 do
        if not is_parked[lane[at]] and not redis.call('ZSCORE', due, lane[at]) then
            return redis.error_reply('ERR an entry would be parked for a user who is not')
        end
        is_parked[lane[at]] = true
    end
    local entries = moves > 0 and redis.call('LRANGE', queue, 0, size - 1)

    local at = results_at
    while at < #lane and not is_full do
        local key, last = prefix .. 'result:' .. lane[at], at + 1 + 2 * tonumber(lane[at + 1])
        local reply = redis.pcall('HSET', key, unpack(lane, at + 2, last))
        if type(reply) == 'table' then
            if string.sub(reply.err, 1, 3) ~= 'OOM' then return reply end
            is_full = true
        else
            redis.call('EXPIRE', key, lane[7])
        end
        at = last + 1
    end
    redis.call('LTRIM', queue, size, -1)
    if lane[6] ~= '0' then redis.call('SET', crashes, lane[6]) elseif is_marked then redis.call('DEL', crashes) end

    local out = {'settled', redis.call('LLEN', queue)}
    for at = 15, moves_at - 1, 3 do
        redis.call('ZADD', due, lane[at + 1], lane[at])
        redis.call('HSET', attempts, lane[at], lane[at + 2])
    end
    for at = moves_at, results_at - 1, 3 do
        local user = lane[at + 1]
        local depth = redis.call('RPUSH', prefix .. 'parked:' .. user, entries[tonumber(lane[at])])
        if depth > tonumber(lane[11]) then is_parked[user] = depth end
    end
    for user, depth in pairs(is_parked) do
        if depth ~= true then
            out[#out + 1] = user
            out[#out + 1] = depth
        end
    end

    local count = prefix .. 'count'
    if lane[8] ~= '0' then redis.call('HINCRBY', count, 'succeeded', lane[8]) end
    if lane[9] ~= '0' then redis.call('HINCRBY', count, 'failed', lane[9]) end
    if lane[10] ~= '0' then redis.call('HINCRBY', count, 'dead', lane[10]) end
    if is_marked then
        for id in string.gmatch(lane[12], '%S+') do redis.call('HDEL', alone, id) end
        for at = moves_at, results_at - 1, 3 do redis.call('HDEL', alone, lane[at + 2]) end
    end
    if lane[12] ~= '' then redis.call('SPUBLISH', prefix .. 'done', lane[12]) end
    return out
end

local outcomes = {}
for place, lane in ipairs(cmsgpack.unpack(ARGV[1])) do
    -- What is wrong with one lane must not hold up the others.
    local is_done, outcome = pcall(settle, lane)
    if not is_done then
        outcome = redis.error_reply(type(outcome) == 'table' and outcome.err or 'ERR ' .. tostring(outcome))
    end
    outcomes[place] = outcome
end
return outcomes
