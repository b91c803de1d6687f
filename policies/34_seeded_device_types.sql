-- The device types that every organization begins with; from then on they are its own to change.
set local role rookery_guard;

create or replace function app.seeded_device_types() returns table (
    name text, code_key text, description text, role text, processing text, metadata_schema jsonb, default_config jsonb,
    allowed_commands text[])
language sql immutable
set search_path = pg_catalog
as $$
    values
        ('milk_meter', 'MM', 'Flow and temperature of milk at a stall', 'smart_sensor', 'endpoint',
         '{"type": "object", "properties": {"sensors": {"type": "object", "properties": {"flow_sensor": {"type":
          "object", "properties": {"model": {"type": "string"}, "calibration": {"type": "object", "properties":
          {"offset": {"type": "number"}, "gain": {"type": "number"}, "last_calibrated": {"type": ["string",
          "null"], "format": "date-time"}}}, "accuracy": {"type": "number"}, "range": {"type": "string"}}},
          "temperature_sensor": {"type": "object", "properties": {"model": {"type": "string"}, "calibration":
          {"type": "object", "properties": {"offset": {"type": "number"}, "gain": {"type": "number"},
          "last_calibrated": {"type": ["string", "null"], "format": "date-time"}}}, "accuracy": {"type": "number"},
          "range": {"type": "string"}}}}}, "milking_parlor": {"type": "object", "properties": {"parlor_id":
          {"type": "string"}, "stall_number": {"type": "integer"}, "side": {"type": "string"}}},
          "measurement_settings": {"type": "object", "properties": {"sampling_rate_hz": {"type": "number",
          "default": 10}, "buffer_size": {"type": "integer", "default": 1000}, "auto_zero_enabled": {"type":
          "boolean"}}}}}'::jsonb,
         '{"telemetry": {"measurement_interval_sec": 1, "batch_size": 60, "transmission_interval_sec": 60,
          "compression_enabled": true}, "sensors": {"flow_sensor": {"enabled": true, "sampling_rate_hz": 10,
          "auto_zero_interval_hours": 24}, "temperature_sensor": {"enabled": true, "update_interval_sec": 10}},
          "thresholds": {"min_flow_rate_lpm": 0.1, "max_flow_rate_lpm": 50, "min_temperature_c": 0,
          "max_temperature_c": 45, "temperature_alarm_c": 40}, "calibration": {"flow_offset": 0, "flow_gain": 1,
          "temperature_offset": 0, "last_calibration": null}, "network": {"connection_timeout_sec": 30,
          "keepalive_interval_sec": 60, "retry_attempts": 3, "retry_delay_sec": 5}}'::jsonb,
         array['ping', 'get_status', 'get_logs', 'restart',
               'get_config', 'set_debug_level', 'run_diagnostics', 'calibrate_flow', 'zero_flow', 'test_valve', 'get_readings']),
        ('environmental_sensor', 'ES', 'Climate of a barn: temperature, humidity, gases', 'smart_sensor', 'endpoint',
         '{"type": "object", "properties": {"sensors": {"type": "object", "properties": {"temperature": {"type":
          "object", "properties": {"model": {"type": "string"}, "accuracy": {"type": "number"},
          "update_interval_sec": {"type": "integer"}}}, "humidity": {"type": "object", "properties": {"model":
          {"type": "string"}, "accuracy": {"type": "number"}, "update_interval_sec": {"type": "integer"}}}, "co2":
          {"type": "object", "properties": {"model": {"type": "string"}, "accuracy": {"type": "number"},
          "update_interval_sec": {"type": "integer"}}}, "ammonia": {"type": "object", "properties": {"model":
          {"type": "string"}, "accuracy": {"type": "number"}, "update_interval_sec": {"type": "integer"}}}}},
          "location": {"type": "object", "properties": {"building": {"type": "string"}, "zone": {"type": "string"},
          "mounting_height_m": {"type": "number"}, "ventilation_zone": {"type": "string"}}}, "thresholds": {"type":
          "object", "properties": {"temperature_high": {"type": "number"}, "temperature_low": {"type": "number"},
          "humidity_high": {"type": "number"}, "co2_high": {"type": "number"}, "ammonia_high": {"type":
          "number"}}}}}'::jsonb,
         '{"telemetry": {"update_interval_sec": 60, "batch_transmission": true, "batch_size": 10}, "sensors":
          {"temperature": {"enabled": true, "update_interval_sec": 60}, "humidity": {"enabled": true,
          "update_interval_sec": 60}, "co2": {"enabled": true, "update_interval_sec": 120}, "ammonia": {"enabled":
          true, "update_interval_sec": 300}}, "thresholds": {"temperature_high": 25, "temperature_low": 10,
          "humidity_high": 80, "humidity_low": 40, "co2_high": 3000, "co2_critical": 5000, "ammonia_high": 25,
          "ammonia_critical": 50}, "alarms": {"enabled": true, "debounce_minutes": 5,
          "escalation_interval_minutes": 15}}'::jsonb,
         array['ping', 'get_status', 'get_logs', 'restart',
               'get_config', 'set_debug_level', 'run_diagnostics', 'read_sensors', 'calibrate_sensors', 'reset_thresholds']),
        ('rfid_reader', 'RF', 'Reads animals'' tags at gates, stalls and feeders', 'smart_sensor', 'endpoint',
         '{"type": "object", "properties": {"antenna_config": {"type": "object", "properties": {"antenna_count":
          {"type": "integer", "default": 4}, "antennas": {"type": "array", "items": {"type": "object",
          "properties": {"id": {"type": "integer"}, "power_dbm": {"type": "number", "minimum": 0, "maximum": 33},
          "location": {"type": "string", "enum": ["entrance", "exit", "milking", "feeding"]}}}}}}, "read_settings":
          {"type": "object", "properties": {"session": {"type": "integer", "default": 2}, "inventory_mode":
          {"type": "string", "default": "fast"}, "filter_duplicates": {"type": "boolean"},
          "tag_population_estimate": {"type": "integer", "default": 50}}}, "location": {"type": "object",
          "properties": {"gate_id": {"type": "string"}, "reader_type": {"type": "string", "default": "portal"},
          "coverage_area_m2": {"type": "number"}}}}}'::jsonb,
         '{"operation": {"mode": "continuous", "inventory_interval_ms": 1000, "session": 2, "target": "A"},
          "antennas": {"auto_power_control": true, "default_power_dbm": 20, "min_power_dbm": 10, "max_power_dbm":
          30}, "filtering": {"duplicate_filter_window_ms": 5000, "rssi_threshold_dbm": -70,
          "tag_population_estimate": 50}, "telemetry": {"tag_read_event": true, "inventory_summary_interval_sec":
          60, "statistics_interval_sec": 300}}'::jsonb,
         array['ping', 'get_status', 'get_logs', 'restart',
               'get_config', 'set_debug_level', 'run_diagnostics', 'inventory_scan', 'test_antenna', 'clear_buffer']),
        ('wearable', 'WE', 'Activity, place and temperature of one animal', 'peripheral', 'endpoint',
         '{"type": "object", "properties": {"animal_assignment": {"type": "object", "properties": {"animal_id":
          {"type": "string"}, "animal_tag": {"type": "string"}, "attachment_date": {"type": "string", "format":
          "date"}, "attachment_location": {"type": "string"}, "expected_removal_date": {"type": "string", "format":
          "date"}}}, "sensors": {"type": "object", "properties": {"accelerometer": {"type": "object", "properties":
          {"range": {"type": "string"}, "odr_hz": {"type": "number", "default": 50}}}, "gps": {"type": "object",
          "properties": {"update_rate_hz": {"type": "number", "default": 1}, "accuracy_m": {"type": "number",
          "default": 2.5}}}, "temperature": {"type": "object", "properties": {"model": {"type": "string"}}}}},
          "battery": {"type": "object", "properties": {"capacity_mah": {"type": "integer", "default": 5000},
          "expected_life_days": {"type": "integer", "default": 365}, "solar_assisted": {"type": "boolean"}}},
          "behaviour_settings": {"type": "object", "properties": {"activity_threshold_steps": {"type": "integer",
          "default": 2000}, "rumination_threshold_min": {"type": "integer", "default": 300}, "rest_threshold_min":
          {"type": "integer", "default": 600}, "estrus_detection_enabled": {"type": "boolean"}}}}}'::jsonb,
         '{"sensors": {"accelerometer": {"enabled": true, "odr_hz": 50, "range_g": 4, "activity_threshold_mg":
          100}, "gps": {"enabled": true, "update_interval_sec": 300, "sleep_interval_sec": 1800,
          "accuracy_target_m": 10}}, "behaviour_analysis": {"activity_window_minutes": 15, "rumination_detection":
          true, "rest_detection": true, "estrus_detection": true}, "battery": {"power_save_mode": "adaptive",
          "low_battery_threshold_pct": 20, "critical_battery_threshold_pct": 10, "solar_charging_enabled": true},
          "alerts": {"enabled": true, "inactivity_threshold_hours": 2, "fever_threshold_c": 39.5, "estrus_alert":
          true}}'::jsonb,
         array['ping', 'get_status', 'get_logs', 'restart',
               'get_config', 'set_debug_level', 'run_diagnostics', 'locate_device', 'force_sync', 'reset_activity']),
        ('gateway', 'GW', 'Connects devices that do not reach the platform themselves', 'gateway', 'gateway',
         '{"type": "object", "properties": {"connectivity": {"type": "object", "properties": {"primary_uplink":
          {"type": "string"}, "backup_uplink": {"type": "string"}, "cellular_imei": {"type": "string"},
          "sim_iccid": {"type": "string"}}}, "edge_capabilities": {"type": "object", "properties": {"max_devices":
          {"type": "integer", "default": 100}, "supported_protocols": {"type": "array", "items": {"type": "string",
          "enum": ["zigbee", "lora", "ble", "wifi"]}}, "local_storage_gb": {"type": "number"},
          "edge_compute_enabled": {"type": "boolean"}}}, "network_config": {"type": "object", "properties":
          {"subnet": {"type": "string"}, "dhcp_enabled": {"type": "boolean"}, "dhcp_range_start": {"type":
          "string"}, "dhcp_range_end": {"type": "string"}}}, "managed_devices": {"type": "array", "items": {"type":
          "string"}}}}'::jsonb,
         '{"network": {"primary_uplink": "ethernet", "failover_enabled": true, "cellular_backup": true,
          "connection_check_interval_sec": 60}, "edge_processing": {"max_devices": 100, "local_buffer_hours": 24,
          "compression_enabled": true, "aggregation_enabled": true}, "protocols": {"zigbee": {"enabled": true,
          "channel": 15}, "lora": {"enabled": true, "frequency_mhz": 923}, "ble": {"enabled": true,
          "scan_interval_ms": 1000}}, "security": {"device_auth_required": true, "encryption": "AES-256",
          "certificate_rotation_days": 90}}'::jsonb,
         array['ping', 'get_status', 'get_logs', 'restart',
               'get_config', 'set_debug_level', 'run_diagnostics', 'restart_network', 'flush_buffer', 'scan_devices', 'update_routing'])
$$;

reset role;
