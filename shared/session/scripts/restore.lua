-- Writes a whole record anew where it is behind. KEYS: record, items.
-- ARGV: worker, fence, lease ms, ttl ms, commit number, ingress seq, egress seq, connection number, config, item...
-- Returns 'ours' or 'lost'; nothing was written where it is 'lost', or where the record holds that commit already.
local answer = standing(KEYS[1], ARGV[1], ARGV[2], ARGV[5])
if answer ~= 'behind' then return answer end
-- Ingress goes back to the owner's: it says what the items hold, and these are the owner's.
local record = redis.call('HMGET', KEYS[1], 'egress_seq', 'connection_no')
redis.call('HSET', KEYS[1], 'config', ARGV[9], 'state', 'active', 'owner', ARGV[1], 'fence', ARGV[2], 'commit_no', ARGV[5],
  'lease_until_ms', now_ms() + ARGV[3], 'ingress_seq', ARGV[6], 'egress_seq', grown(record[1], ARGV[7]),
  'connection_no', grown(record[2], ARGV[8]))
redis.call('DEL', KEYS[2])
for i = 10, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 'ours'
