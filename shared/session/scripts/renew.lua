-- Extends a lease and the life of what it covers. KEYS: record, items. ARGV: worker, fence, lease ms, ttl ms.
-- Returns 1, or 0 where the lease is somebody else's by now.
local record = redis.call('HMGET', KEYS[1], 'owner', 'fence', 'state')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] or record[3] == 'ended' then return 0 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'lease_until_ms', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
