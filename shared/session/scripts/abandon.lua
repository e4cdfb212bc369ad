-- Takes back a connection that was counted and then never opened, so that the one before it is the newest again.
-- KEYS: record. ARGV: connection number, the number before it. Returns 1, or 0 where a newer connection was counted since.
local record = redis.call('HMGET', KEYS[1], 'state', 'connection_no')
if not record[1] or record[1] == 'ended' or tonumber(record[2] or 0) ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'connection_no', ARGV[2])
return 1
