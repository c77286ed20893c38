-- Removes prefixes of lanes whose effects are committed, parks what must wait, writes results and publishes them.
--
-- KEYS[1] and on  the queue of each lane, for a cluster to know where they are; the first alone where there is none
-- ARGV[1]         the lanes as MessagePack, an array for each, below
-- ARGV[2]         message of the done channel ('' for none)
-- ARGV[3]         seconds that results are kept           ARGV[4] bound of a parked list
--
-- An array holds texts, numbers among them too: the server writes a number as a double, at the cost of a command.
--   1 prefix of its keys       2 token                3 how the first entry begins, 4 its length
--   5, 6 the same of the last  7 entries in the prefix                  8 crashes afterwards
--   9, 10, 11 succeeded, failed, dead                 12 ids that are done without a result, with a space between
--   13 P     14 M              then to the end:
--     P × user, due in ms, attempts record      users parked from here on
--     M × place in the prefix from 1, user      entries that go behind what is parked of the user
--     … × window, R, R × id, result             results, in the hash of their window; R at most 1000, for unpack
--
-- The results are those that a redrive or a later try may change: the others come as commands of their own, because Lua
-- hashes each byte of a text before anything is done with it. For that reason entries are not compared whole.
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
local lanes = cmsgpack.unpack(ARGV[1])
local is_full = false

-- What is read of every lane, in one call each: a call costs a lane of one entry as much as the entry does.
local owners, marks = {}, {}
for place, lane in ipairs(lanes) do
    owners[place] = lane[1] .. 'owner'
    marks[2 * place - 1], marks[2 * place] = lane[1] .. 'crashes', lane[1] .. 'alone'
end
local tokens = redis.call('MGET', unpack(owners))
-- Nearly always false.
local are_marked = redis.call('EXISTS', unpack(marks)) > 0

-- Whether this is the entry of which the worker told.
local function is(entry, beginning, length)
    return entry and #entry == tonumber(length) and string.sub(entry, 1, #beginning) == beginning
end

local function settle(place, lane)
    if tokens[place] ~= lane[2] then return {'not-owner'} end
    local prefix, size = lane[1], tonumber(lane[7])
    local queue = prefix .. 'queue'
    if not is(redis.call('LINDEX', queue, '0'), lane[3], lane[4])
        or size > 1 and not is(redis.call('LINDEX', queue, size - 1), lane[5], lane[6]) then
        return {'prefix-changed'}
    end
    local moves_at = 15 + tonumber(lane[13]) * 3
    local results_at = moves_at + tonumber(lane[14]) * 2

    -- An entry in the list of a user who is not due would never be tried again.
    local is_parked = {}
    for at = 15, moves_at - 1, 3 do is_parked[lane[at]] = true end
    for at = moves_at + 1, results_at - 1, 2 do
        if not is_parked[lane[at]] and not redis.call('ZSCORE', prefix .. 'due', lane[at]) then
            return redis.error_reply('ERR an entry would be parked for a user who is not')
        end
        is_parked[lane[at]] = true
    end
    local entries = (results_at > moves_at or are_marked) and redis.call('LRANGE', queue, 0, size - 1)

    local at = results_at
    while at < #lane and not is_full do
        local key, last = prefix .. 'result:' .. lane[at], at + 1 + 2 * tonumber(lane[at + 1])
        local reply = redis.pcall('HSET', key, unpack(lane, at + 2, last))
        if type(reply) == 'table' then
            if string.sub(reply.err, 1, 3) ~= 'OOM' then return reply end
            is_full = true
        else
            redis.call('EXPIRE', key, ARGV[3])
        end
        at = last + 1
    end
    redis.call('LTRIM', queue, lane[7], '-1')

    local out = {'settled', redis.call('LLEN', queue)}
    for at = 15, moves_at - 1, 3 do
        redis.call('ZADD', prefix .. 'due', lane[at + 1], lane[at])
        redis.call('HSET', prefix .. 'attempts', lane[at], lane[at + 2])
    end
    for at = moves_at, results_at - 1, 2 do
        local user = lane[at + 1]
        local depth = redis.call('RPUSH', prefix .. 'parked:' .. user, entries[tonumber(lane[at])])
        if depth > tonumber(ARGV[4]) then is_parked[user] = depth end
    end
    for user, depth in pairs(is_parked) do
        if depth ~= true then
            out[#out + 1] = user
            out[#out + 1] = depth
        end
    end

    local count = prefix .. 'count'
    if lane[9] ~= '0' then redis.call('HINCRBY', count, 'succeeded', lane[9]) end
    if lane[10] ~= '0' then redis.call('HINCRBY', count, 'failed', lane[10]) end
    if lane[11] ~= '0' then redis.call('HINCRBY', count, 'dead', lane[11]) end
    if lane[8] ~= '0' then redis.call('SET', prefix .. 'crashes', lane[8]) end
    if are_marked then
        local alone = prefix .. 'alone'
        if lane[8] == '0' then redis.call('DEL', prefix .. 'crashes') end
        for id in string.gmatch(lane[12], '%S+') do redis.call('HDEL', alone, id) end
        for _, entry in ipairs(entries) do redis.call('HDEL', alone, string.sub(entry, 8, 43)) end
    end
    return out
end

local outcomes, is_any_settled = {}, false
for place, lane in ipairs(lanes) do
    -- What is wrong with one lane must not hold up the others.
    local is_done, outcome = pcall(settle, place, lane)
    if not is_done then
        outcome = redis.error_reply(type(outcome) == 'table' and outcome.err or 'ERR ' .. tostring(outcome))
    end
    if outcome[1] == 'settled' then is_any_settled = true end
    outcomes[place] = outcome
end
-- Whoever hears of a request whose lane was not settled looks, finds nothing and waits on.
if is_any_settled and ARGV[2] ~= '' then redis.call('PUBLISH', 'tl:done', ARGV[2]) end
return outcomes
