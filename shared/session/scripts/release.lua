-- Gives a lease back in order. KEYS: record, items. ARGV: worker, fence, ingress seq, egress seq, ttl ms.
-- Returns 1, or 0 where the lease is somebody else's by now.
local record = redis.call('HMGET', KEYS[1], 'owner', 'fence', 'state')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] or record[3] == 'ended' then return 0 end
redis.call('HSET', KEYS[1], 'owner', '', 'lease_until_ms', 0, 'ingress_seq', ARGV[3], 'egress_seq', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
