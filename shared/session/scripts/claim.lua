-- Takes the lease of a session. KEYS: record, items. ARGV: worker, lease ms, ttl ms, seen fence, lost worker, lost fence,
-- number of the connection it is for (0: not known).
-- A lease that has not expired yields only to one who saw its owner die: the lost pair must name it exactly, or name a
-- later owner than a record that is behind knows of. The new fence is above every one seen, whatever Redis forgot.
-- A connection older than the newest one has nothing to claim: its caller has come back on another way. A newer one than
-- the record knows of is one that Redis forgot.
-- Returns {'claimed', fence, config, ingress seq, egress seq, newest connection number}, {'held', owner, fence},
-- {'replaced'}, {'ended'} or {'not_found'}.
local record = redis.call('HMGET', KEYS[1], 'config', 'state', 'owner', 'fence', 'lease_until_ms', 'ingress_seq', 'egress_seq',
  'connection_no')
local config, state, owner, fence, lease_until = record[1], record[2], record[3], record[4], record[5]
if not config then return { 'not_found' } end
if state == 'ended' then return { 'ended' } end
local connection_no, known_no = tonumber(ARGV[7]) or 0, tonumber(record[8]) or 0
if connection_no > 0 and connection_no < known_no then return { 'replaced' } end
local lost_fence = tonumber(ARGV[6]) or 0
local is_lost = (owner == ARGV[5] and tonumber(fence) == lost_fence) or lost_fence > tonumber(fence)
local now = now_ms()
if owner ~= '' and owner ~= ARGV[1] and tonumber(lease_until) > now and not is_lost then
  return { 'held', owner, fence }
end
local next_fence = grown(grown(fence, ARGV[4]), lost_fence) + 1
redis.call('HSET', KEYS[1], 'state', 'active', 'owner', ARGV[1], 'fence', next_fence, 'commit_no', 0,
  'lease_until_ms', now + ARGV[2], 'connection_no', grown(known_no, connection_no))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return { 'claimed', tostring(next_fence), config, record[6], record[7], grown(known_no, connection_no) }
