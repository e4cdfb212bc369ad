-- Ends a session; its record stays for the retention time. KEYS: record, items. ARGV: retention ms, worker, fence.
-- An empty worker ends it by authority of the one who made it; a worker must hold the lease.
-- Returns {'ended', owner}, {'stale'}, {'behind'} (see `standing`; only for a worker) or {'not_found'}. Ending twice is as
-- good as once, so that an end whose answer got lost can be tried again (its fence is still the record's, the owner is not).
local record = redis.call('HMGET', KEYS[1], 'owner', 'fence', 'state')
local is_ended = record[3] == 'ended'
if ARGV[2] ~= '' and not (is_ended and record[2] == ARGV[3]) then
  local answer = standing(KEYS[1], ARGV[2], ARGV[3], 0)
  if answer == 'lost' then return { 'stale' } end
  if answer == 'behind' then return { 'behind' } end
end
if not record[1] then return { 'not_found' } end
if not is_ended then
  redis.call('HSET', KEYS[1], 'state', 'ended', 'owner', '', 'lease_until_ms', 0)
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return { 'ended', record[1] }
