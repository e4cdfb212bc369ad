-- Gives a lease back in order. KEYS: record, items.
-- ARGV: worker, fence, ingress seq, egress seq, ttl ms, number of the newest commit that was stored.
-- Returns what `standing` says; only where it is 'ours' something was written.
local answer = standing(KEYS[1], ARGV[1], ARGV[2], ARGV[6])
if answer ~= 'ours' then return answer end
local record = redis.call('HMGET', KEYS[1], 'ingress_seq', 'egress_seq')
redis.call('HSET', KEYS[1], 'owner', '', 'lease_until_ms', 0,
  'ingress_seq', grown(record[1], ARGV[3]), 'egress_seq', grown(record[2], ARGV[4]))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return answer
