-- Counts a connection and, where it resumes, checks and renews its token. KEYS: record, items.
-- ARGV: ttl ms, token ttl ms, hash of the presented token or '', hash of the next token or ''.
-- A presented token must be one of the two kept and not expired. It stays one of the two until a newer one is presented: a
-- client whose connection dies again before it hears of the next token has nothing else to show.
-- Returns {'connected', connection number, the newest number before it}, {'refused'} or {'not_found'} (no such session, or it is over).
-- Numbers are times, or one more than the one before: they grow even where Redis forgot the newest of them.
local record = redis.call('HMGET', KEYS[1], 'state', 'resume_hash', 'resume_until_ms', 'previous_hash', 'previous_until_ms', 'connection_no')
if not record[1] or record[1] == 'ended' then return { 'not_found' } end
local now, presented, next_hash = now_ms(), ARGV[3], ARGV[4]
local kept_hash, kept_until = record[2], record[3]
if presented ~= '' then
  if presented == record[4] then kept_hash, kept_until = record[4], record[5] end
  if presented ~= kept_hash or tonumber(kept_until) <= now then return { 'refused' } end
end
-- The next token is there already where this is sent a second time because its answer got lost.
if next_hash ~= '' and next_hash ~= record[2] then
  redis.call('HSET', KEYS[1], 'resume_hash', next_hash, 'resume_until_ms', now + ARGV[2],
    'previous_hash', kept_hash or '', 'previous_until_ms', kept_until or 0)
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
local number = grown((tonumber(record[6]) or 0) + 1, now)
redis.call('HSET', KEYS[1], 'connection_no', number)
return { 'connected', tonumber(number), tonumber(record[6]) or 0 }
