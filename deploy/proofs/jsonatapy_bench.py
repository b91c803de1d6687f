"""What jsonatapy makes of the expressions and the document of Sources/Benchmarks/ExpressionBenchmark.swift, in CPU time."""

import json
import sys
import time

import jsonatapy

TEXT = json.dumps(
    {
        "device": "pump-17", "time": "2026-11-21T10:00:00.000Z", "temperature": 81.5, "humidity": 18.25,
        "voltage": 230.4, "current": 4.2, "power_factor": 0.93, "status": "running", "site": "north",
        "serial": "RK-2026-000017", "firmware": "2.14.3", "uplink": "ethernet",
        "readings": [{"value": index + 0.5} for index in range(20)],
    }
)
EXPRESSIONS = [
    "temperature > 80 and humidity < 20",
    "(voltage*current*power_factor)/1000",
    "$sum(readings.value)/$count(readings)",
]


def rate(seconds, body):
    """Runs a CPU second, the best of five spans."""
    best = 0.0
    for _ in range(5):
        count, start = 0, time.process_time()
        while (elapsed := time.process_time() - start) < seconds / 5:
            for _ in range(1000):
                body()
            count += 1000
        best = max(best, count / elapsed)
    return best


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    data = jsonatapy.JsonataData.from_json(TEXT)
    for source in EXPRESSIONS:
        expression = jsonatapy.compile(source)
        parsed = rate(seconds, lambda: expression.evaluate_with_data(data))
        text = rate(seconds, lambda: expression.evaluate_json(TEXT))
        compiling = rate(seconds, lambda: jsonatapy.compile(source))
        print(
            f"jsonatapy {source:40} parsed {parsed / 1e6:6.3f} M/s   from text {text / 1e6:6.3f} M/s"
            f"   compiled in {1e6 / compiling:5.2f} us"
        )


main()
