-- Gives a lease back in order. KEYS: record, items. ARGV: worker, fence, ingress seq, egress seq, ttl ms.
-- Returns 1, or 0 where the lease is somebody else's by now.
local record = redis.call('HMGET', KEYS[1], 'owner', 'fence', 'state', 'ingress_seq')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] or record[3] == 'ended' then return 0 end
-- A commit whose answer was lost counts: what is committed never goes back.
local ingress_seq = math.max(tonumber(record[4]), tonumber(ARGV[3]))
redis.call('HSET', KEYS[1], 'owner', '', 'lease_until_ms', 0, 'ingress_seq', ingress_seq, 'egress_seq', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
