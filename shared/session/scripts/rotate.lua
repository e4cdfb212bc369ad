-- Gives a connection a newer token. KEYS: record. ARGV: connection number, hash of the next token, token ttl ms.
-- A record that knows of fewer connections has forgotten some and learns of this one.
-- Returns 1, or 0 where nothing was written: there is a newer connection, or no session, or it is over.
local record = redis.call('HMGET', KEYS[1], 'state', 'connection_no', 'resume_hash', 'resume_until_ms')
if not record[1] or record[1] == 'ended' then return 0 end
if tonumber(record[2] or 0) > tonumber(ARGV[1]) then return 0 end
if record[3] == ARGV[2] then return 1 end
redis.call('HSET', KEYS[1], 'connection_no', ARGV[1], 'resume_hash', ARGV[2], 'resume_until_ms', now_ms() + ARGV[3],
  'previous_hash', record[3] or '', 'previous_until_ms', record[4] or 0)
return 1
