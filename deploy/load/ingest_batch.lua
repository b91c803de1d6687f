-- wrk script: a hundred messages of five points for a hundred devices in one request, sent with the API key LOAD_API_KEY.
local ids = {}
for line in io.lines(os.getenv("LOAD_DEVICES")) do ids[#ids + 1] = line:match("%S+") end
local headers = { ["Content-Type"] = "application/json", ["X-API-Key"] = os.getenv("LOAD_API_KEY") }
local at = os.time() * 1000 - 3600000

function request()
  local first = math.random(#ids)
  local messages = {}
  at = at + 1
  for n = 1, 100 do
    messages[n] = string.format(
      '{"device":"%s","ts":%d,"values":{"temperature":%.1f,"humidity":%d,"energy":%.3f,"status":%d,"voltage":%.1f}}',
      ids[(first + n) % #ids + 1], at, 20 + math.random() * 10, math.random(30, 60), math.random() * 1000, math.random(0, 1),
      228 + math.random() * 4)
  end
  return wrk.format("POST", "/api/v1/telemetry/batch", headers, '{"messages":[' .. table.concat(messages, ",") .. "]}")
end

function done(summary, latency)
  io.write(string.format("RESULT %d %.2f %.2f %d\n", summary.requests, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
