-- Extends a lease and the life of what it covers. KEYS: record, items.
-- ARGV: worker, fence, lease ms, ttl ms, number of the newest commit that was stored.
-- Returns what `standing` says; only where it is 'ours' something was written.
local answer = standing(KEYS[1], ARGV[1], ARGV[2], ARGV[5])
if answer ~= 'ours' then return answer end
redis.call('HSET', KEYS[1], 'lease_until_ms', now_ms() + ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return answer
