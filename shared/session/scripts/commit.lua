-- Writes what a turn came to. KEYS: record, items.
-- ARGV: worker, fence, commit number, ttl ms, ingress seq, egress seq, most items, item...
-- Returns what `standing` says; only where it is 'ours' something was written. A commit that was written already (its
-- answer got lost and it is tried again) is passed over.
local answer, commit_no = standing(KEYS[1], ARGV[1], ARGV[2], ARGV[3] - 1)
if answer ~= 'ours' or commit_no >= tonumber(ARGV[3]) then return answer end
local record = redis.call('HMGET', KEYS[1], 'ingress_seq', 'egress_seq')
redis.call('HSET', KEYS[1], 'commit_no', ARGV[3],
  'ingress_seq', grown(record[1], ARGV[5]), 'egress_seq', grown(record[2], ARGV[6]))
for i = 8, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
redis.call('LTRIM', KEYS[2], -ARGV[7], -1)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return answer
