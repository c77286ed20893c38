-- KEYS: none. ARGV: none. Output: PONG.
return redis.status_reply('PONG')
