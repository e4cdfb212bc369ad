-- Writes what a turn came to. KEYS: record, items.
-- ARGV: worker, fence, commit number, ttl ms, ingress seq, egress seq, most items, item...
-- Returns 1, or 0 where the fence is stale: nothing was written then. A commit that was written already (its answer got
-- lost and it is tried again) is passed over.
local record = redis.call('HMGET', KEYS[1], 'owner', 'fence', 'state', 'commit_no')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] or record[3] == 'ended' then return 0 end
if tonumber(record[4] or 0) >= tonumber(ARGV[3]) then return 1 end
redis.call('HSET', KEYS[1], 'commit_no', ARGV[3], 'ingress_seq', ARGV[5], 'egress_seq', ARGV[6])
for i = 8, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
redis.call('LTRIM', KEYS[2], -ARGV[7], -1)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
