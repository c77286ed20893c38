#!lua
-- Accepts mutations of one user of which some carry an Idempotency-Key: looks up or stores each key and pushes what
-- is new, in order, in one step, and rings where the lane was empty. Refused as a whole when the server is out of memory.
--
-- KEYS[1] queue      KEYS[2] count      KEYS[3…] one for each line that has a key, in order of lines
-- ARGV[1] seconds that a key is kept
-- ARGV[2] 'strict': one reused key refuses all; 'lenient': it refuses its own line
-- ARGV[3…] for each line: 1 or 0 (has a key), request id, fingerprint, entry
--
-- Output: {pushed, depth, line, line, …}: `pushed` entries were added and the lane holds `depth` now (0 and 0 where
--         nothing was pushed); each line is '' where it is new, else what its key stands for: the first request's id
--         (36 bytes), then the first fingerprint. In a strict refusal the lines that are new were not pushed either.
-- On error: nothing was changed.
local function value_of(id, fingerprint) return id .. fingerprint end

local lines, stored, reused, key = (#ARGV - 2) / 4, {}, false, 2
local seen = {}
for i = 1, lines do
    local at = 3 + (i - 1) * 4
    stored[i] = ''
    if ARGV[at] == '1' then
        key = key + 1
        local found = seen[KEYS[key]] or redis.call('GET', KEYS[key])
        if found then
            stored[i] = found
            if string.sub(found, 37) ~= ARGV[at + 2] then reused = true end
        else
            seen[KEYS[key]] = value_of(ARGV[at + 1], ARGV[at + 2])
        end
    end
end
if reused and ARGV[2] == 'strict' then return {0, 0, unpack(stored)} end

local pushed, depth = 0, 0
key = 2
for i = 1, lines do
    local at = 3 + (i - 1) * 4
    if ARGV[at] == '1' then
        key = key + 1
        if stored[i] == '' then
            redis.call('SET', KEYS[key], value_of(ARGV[at + 1], ARGV[at + 2]), 'EX', ARGV[1])
        end
    end
    if stored[i] == '' then
        depth = redis.call('RPUSH', KEYS[1], ARGV[at + 3])
        pushed = pushed + 1
    end
end
if pushed > 0 then
    redis.call('HINCRBY', KEYS[2], 'accepted', pushed)
    if depth == pushed then
        redis.call('PUBLISH', (string.gsub(KEYS[1], 'queue$', 'bell')), string.match(KEYS[1], '%d+'))
    end
end
return {pushed, depth, unpack(stored)}
