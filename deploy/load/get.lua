-- wrk script: GET LOAD_PATH with the access token LOAD_TOKEN. A "{device}" in the path becomes a random device's id,
-- "{250 devices}" the ids of 250 devices with commas between.
local path = os.getenv("LOAD_PATH")
local headers = os.getenv("LOAD_TOKEN") and { ["Authorization"] = "Bearer " .. os.getenv("LOAD_TOKEN") } or {}
local ids = {}
if path:find("{device}", 1, true) then
  for line in io.lines(os.getenv("LOAD_DEVICES")) do ids[#ids + 1] = line:match("%S+") end
elseif path:find("{250 devices}", 1, true) then
  local some = {}
  for line in io.lines(os.getenv("LOAD_DEVICES")) do
    if #some < 250 then some[#some + 1] = line:match("%S+") end
  end
  path = path:gsub("{250 devices}", table.concat(some, ","))
end

function request()
  if #ids == 0 then return wrk.format("GET", path, headers) end
  return wrk.format("GET", (path:gsub("{device}", ids[math.random(#ids)])), headers)
end

function done(summary, latency)
  io.write(string.format("RESULT %d %.2f %.2f %d\n", summary.requests, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
