-- Stands before every script that writes under a lease: whether the writer may. Returns 'ours'; 'lost' where the session is
-- somebody else's or over; 'behind' where the record is missing or holds less than it took from this lease before, because
-- Redis failed over or restarted (the writer then writes the record anew, see restore.lua). Second: the record's commit number.
local function standing(key, worker, fence, stored_commit_no)
  local record = redis.call('HMGET', key, 'owner', 'fence', 'state', 'commit_no')
  if not record[2] then return 'behind', 0 end
  if record[3] == 'ended' then return 'lost', 0 end
  local ahead, commit_no = tonumber(record[2]) - tonumber(fence), tonumber(record[4] or 0)
  if ahead > 0 or (ahead == 0 and record[1] ~= worker) then return 'lost', commit_no end
  if ahead < 0 or commit_no < tonumber(stored_commit_no) then return 'behind', commit_no end
  return 'ours', commit_no
end

-- The greater of a record's number and another one: what only grows in the life of a session.
local function grown(number, other)
  return string.format('%.0f', math.max(tonumber(number or 0) or 0, tonumber(other)))
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

