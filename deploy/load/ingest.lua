-- wrk script: one message of five points for a random device, sent with that device's token.
-- LOAD_DEVICES names a file with a line "ID TOKEN" for each device.
local devices = {}
for line in io.lines(os.getenv("LOAD_DEVICES")) do
  local id, token = line:match("(%S+) (%S+)")
  devices[#devices + 1] = { id = id, headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token } }
end
-- Every message has a time of its own, all in the past hour.
local at = os.time() * 1000 - 3600000

function request()
  local device = devices[math.random(#devices)]
  at = at + 1
  return wrk.format("POST", "/api/v1/devices/me/telemetry", device.headers, string.format(
    '{"ts":%d,"values":{"temperature":%.1f,"humidity":%d,"energy":%.3f,"status":%d,"voltage":%.1f}}',
    at, 20 + math.random() * 10, math.random(30, 60), math.random() * 1000, math.random(0, 1), 228 + math.random() * 4))
end

function done(summary, latency)
  io.write(string.format("RESULT %d %.2f %.2f %d\n", summary.requests, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
