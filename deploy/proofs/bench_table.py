"""Prints the medians of deploy/bench and how they stand to spec/performance.md.

usage: bench_table.py RESULTS RESIDENT_MEGABYTES
"""
import statistics
import sys
from collections import defaultdict

costs: dict[str, list[tuple[float, float]]] = defaultdict(list)
errors: dict[str, int] = defaultdict(int)
for line in open(sys.argv[1]):
    name, done, server, postgres, _, _, failed = line.rstrip("\n").split("\t")
    errors[name] += int(failed)
    if int(done):
        costs[name].append((float(server) / int(done) * 1e6, float(postgres) / int(done) * 1e6))

total = {name: statistics.median(s + p for s, p in rounds) for name, rounds in costs.items()}

print(f"{'CPU µs each':<22}{'server':>9}{'PostgreSQL':>12}{'both':>9}   errors")
for name, rounds in costs.items():
    server, postgres = (statistics.median(part) for part in zip(*rounds))
    print(f"{name:<22}{server:>9.1f}{postgres:>12.1f}{total[name]:>9.1f}   {errors[name] or ''}")

# What, value, accept, aim, unit; a ratio is better when larger.
rows = [
    ("HTTP ingest, one message", total.get("ingest one"), 120, 60, "µs"),
    ("HTTP ingest, batches of 100", total.get("ingest of 100"), 25, 12, "µs"),
    ("small GET without SQL", total.get("GET without SQL"), 40, 40, "µs"),
    ("small GET with one SQL", total.get("GET with one SQL"), 150, 150, "µs"),
    ("latest values of 250 devices", total.get("latest of 250"), 1000, 300, "µs"),
]
if "GET with one SQL" in total and "GET without SQL" in total:
    rows.append(("transaction wrapper with one lookup", total["GET with one SQL"] - total["GET without SQL"], 60, 60, "µs"))
if "ingest one" in total and "ingest one, peer" in total:
    rows.append(("ingest: FastAPI reference / rookery", total["ingest one, peer"] / total["ingest one"], 10, 20, "×"))
if "hello" in total and "hello, peer" in total:
    rows.append(("hello: FastAPI reference / rookery", total["hello, peer"] / total["hello"], 1, 3, "×"))

print(f"\n{'':<38}{'measured':>12}{'accept':>10}{'aim':>8}")
for what, value, accept, aim, unit in rows:
    if value is None:
        continue
    good = (lambda bar: value >= bar) if unit == "×" else (lambda bar: value <= bar)
    verdict = "reaches aim" if good(aim) else "accepted" if good(accept) else "NOT REACHED"
    print(f"{what:<38}{value:>10.1f} {unit:<2}{accept:>8}{aim:>8}   {verdict}")
print(f"{'resident memory of the server':<38}{float(sys.argv[2]):>10.1f} MB   (after the load)")
