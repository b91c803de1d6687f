"""Prints the medians of deploy/bench and how they stand to their limits.

usage: bench_table.py RESULTS COLD_START_MILLISECONDS IDLE_MEGABYTES
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
server_only = {name: statistics.median(s for s, _ in rounds) for name, rounds in costs.items()}

print(f"{'CPU µs each':<26}{'server':>9}{'PostgreSQL':>12}{'both':>9}   errors")
for name, rounds in costs.items():
    server, postgres = (statistics.median(part) for part in zip(*rounds))
    print(f"{name:<26}{server:>9.1f}{postgres:>12.1f}{total[name]:>9.1f}   {errors[name] or ''}")

# The limits were set on a machine where the peer's hello took 60 µs. What it takes here and now tells how this machine, and
# whatever else keeps it busy, compares.
PEER_HELLO = 60
pace = total["hello, peer"] / PEER_HELLO
isolation = (total["reads under policies"] / total["reads without policies"] - 1) * 100

# What, value, accept, aim, unit; a ratio is better when larger. CPU times are compared at the pace of that machine.
rows = [
    ("HTTP ingest, one message", total["ingest one"], 120, 60, "µs"),
    ("HTTP ingest, batches of 100", total["ingest of 100"], 25, 12, "µs"),
    ("small GET without SQL", total["GET without SQL"], 40, 40, "µs"),
    ("small GET with one SQL", total["GET with one SQL"], 150, 150, "µs"),
    ("reading transaction, one lookup", total["reading transaction"], 60, 60, "µs"),
    ("writing transaction, one lookup", total["writing transaction"], 60, 60, "µs"),
    ("latest values of 250 devices", total["latest of 250"], 1000, 300, "µs"),
    ("fan-out, a delivery", server_only["fan-out"], 15, 10, "µs"),
    ("ingest: FastAPI reference / rookery", total["ingest one, peer"] / total["ingest one"], 10, 20, "×"),
    ("hello: FastAPI reference / rookery", total["hello, peer"] / total["hello"], 1, 3, "×"),
    ("cost of isolation on reads", isolation, 5, 3, "%"),
    ("cold start to ready", float(sys.argv[2]), 150, 80, "ms"),
    ("resident memory, idle", float(sys.argv[3]), 60, 40, "MB"),
]

print(f"\nThe peer's hello takes {total['hello, peer']:.0f} µs here, {pace:.1f} times what it took where the limits were set.")
print(f"\n{'':<38}{'measured':>12}{'at that pace':>14}{'accept':>8}{'aim':>6}")
for what, value, accept, aim, unit in rows:
    good = (lambda bar: paced >= bar) if unit == "×" else (lambda bar: paced <= bar)
    paced = value / pace if unit in ("µs", "ms") else value
    verdict = "reaches aim" if good(aim) else "accepted" if good(accept) else "NOT REACHED"
    print(f"{what:<38}{value:>9.1f} {unit:<2}{paced:>11.1f} {unit:<2}{accept:>8}{aim:>6}   {verdict}")
