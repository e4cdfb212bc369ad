-- Creates a session record unless there is one. KEYS: record. ARGV: config, ttl ms. Returns 1, or 0 where the id is taken.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'config', ARGV[1], 'state', 'created', 'owner', '', 'fence', 0, 'lease_until_ms', 0,
  'ingress_seq', 0, 'egress_seq', 0, 'connection_no', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
