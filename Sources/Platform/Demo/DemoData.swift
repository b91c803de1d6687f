/// What `rookery seed --demo` makes, as the API would be told. A model's `devices` are how many of it stand at each site.
enum DemoData {
    static let organizations = #"""
        [
          {"slug": "green-valley", "name": "Green Valley Dairy", "tier": "pro", "kind": "customer", "time_zone": "Europe/Berlin",
           "sites": [
             {"name": "Main farm", "code": "MAIN", "time_zone": "Europe/Berlin",
              "location": {"latitude": 53.5511, "longitude": 9.9937}},
             {"name": "Hill pasture", "code": "HILL", "time_zone": "Europe/Berlin",
              "location": {"latitude": 53.4012, "longitude": 10.1021}}
           ], "devices_per_model": 3},
          {"slug": "northwind", "name": "Northwind Farms", "tier": "standard", "kind": "customer",
           "time_zone": "Asia/Singapore",
           "sites": [
             {"name": "North barn", "code": "NORTH", "time_zone": "Asia/Singapore",
              "location": {"latitude": 1.4382, "longitude": 103.786}}
           ], "devices_per_model": 2}
        ]
        """#

    /// By the name of the device type; `rules` become templates of the model.
    static let models = #"""
        [
          {"type": "milk_meter",
           "model": {"name": "MilkFlow 200", "manufacturer": "Demo Instruments", "datapoints": [
             {"key": "flow_rate", "label": "Milk flow", "unit": "L/min", "low": 0, "high": 50},
             {"key": "milk_temperature", "label": "Milk temperature", "unit": "Cel", "low": 0, "high": 50, "decimals": 1},
             {"key": "total_yield", "label": "Yield", "unit": "L", "aggregation": "max"},
             {"key": "conductivity", "label": "Conductivity", "unit": "mS/cm"},
             {"key": "stall_occupied", "label": "Stall occupied", "kind": "boolean"}],
            "commands": [{"name": "zero_flow", "input": "none"}, {"name": "calibrate_flow", "input": "number"}]},
           "rules": [
             {"name": "Milk too warm", "datapoint": "milk_temperature", "condition": {"operator": "gt", "value": 38.2},
              "hysteresis": 0.5, "severity": "warning", "message": "{device}: milk at {value}, allowed {threshold}"}]},
          {"type": "environmental_sensor",
           "model": {"name": "BarnSense 4", "manufacturer": "Demo Instruments", "datapoints": [
             {"key": "temperature", "label": "Air temperature", "unit": "Cel", "low": -40, "high": 80, "decimals": 1},
             {"key": "humidity", "label": "Humidity", "unit": "%", "low": 0, "high": 100},
             {"key": "co2", "label": "Carbon dioxide", "unit": "[ppm]", "decimals": 0},
             {"key": "ammonia", "label": "Ammonia", "unit": "[ppm]", "decimals": 1},
             {"key": "battery", "label": "Battery", "unit": "%", "aggregation": "last"}],
            "commands": [{"name": "read_sensors", "input": "none"}]},
           "rules": [
             {"name": "Barn too warm", "datapoint": "temperature", "condition": {"operator": "gt", "value": 26},
              "duration_seconds": 15, "hysteresis": 1, "severity": "error",
              "message": "{device}: {value} degrees in the barn"},
             {"name": "Air is bad", "datapoint": "co2", "condition": {"operator": "gte", "value": 2900},
              "severity": "critical"}]},
          {"type": "rfid_reader",
           "model": {"name": "GateReader R2", "manufacturer": "Demo Instruments", "datapoints": [
             {"key": "tags_read", "label": "Tags read", "aggregation": "sum", "decimals": 0},
             {"key": "rssi", "label": "Signal", "unit": "dB[mW]"},
             {"key": "last_tag", "label": "Last tag", "kind": "text"},
             {"key": "antenna", "label": "Antenna", "aggregation": "last", "decimals": 0}]},
           "rules": []},
          {"type": "wearable",
           "model": {"name": "CowCollar 3", "manufacturer": "Demo Instruments", "datapoints": [
             {"key": "activity", "label": "Activity"},
             {"key": "rumination_minutes", "label": "Rumination", "unit": "min"},
             {"key": "body_temperature", "label": "Body temperature", "unit": "Cel", "decimals": 1},
             {"key": "resting", "label": "Resting", "kind": "boolean"},
             {"key": "battery", "label": "Battery", "unit": "%", "aggregation": "last"}]},
           "rules": [
             {"name": "Fever", "datapoint": "body_temperature", "condition": {"operator": "gt", "value": 39.2},
              "hysteresis": 0.2, "severity": "critical", "message": "{device} has {value} degrees"}]},
          {"type": "gateway",
           "model": {"name": "FarmLink G1", "manufacturer": "Demo Instruments", "datapoints": [
             {"key": "cpu_usage", "label": "CPU", "unit": "%"},
             {"key": "memory_usage", "label": "Memory", "unit": "%"},
             {"key": "signal_dbm", "label": "Signal", "unit": "dB[mW]"},
             {"key": "connected_devices", "label": "Connected devices", "aggregation": "max", "decimals": 0},
             {"key": "uplink", "label": "Uplink", "kind": "text"}]},
           "rules": [
             {"name": "On cellular backup", "datapoint": "uplink", "condition": {"operator": "eq", "value": "cellular"},
              "severity": "info"}]}
        ]
        """#

    /// One person for each role: key, name.
    static let people: [(role: String, name: String)] = [
        ("org_admin", "Ada Admin"), ("manager", "Mona Manager"), ("operator", "Otto Operator"),
        ("technician", "Tina Technician"), ("viewer", "Vera Viewer"), ("billing", "Bela Billing"),
    ]
}
