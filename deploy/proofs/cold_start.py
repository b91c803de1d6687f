"""Starts the server some times on a current schema and prints the medians: milliseconds from exec to ready, and megabytes
resident two seconds later.

usage: cold_start.py ROOKERY PORT ROUNDS      (configuration from the environment, as for `rookery serve`)
"""
import os
import socket
import statistics
import subprocess
import sys
import time

rookery, port, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
READY = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def is_ready() -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(READY)
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def resident_megabytes(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


milliseconds, megabytes = [], []
for _ in range(rounds):
    began = time.monotonic()
    server = subprocess.Popen([rookery, "serve"], env={**os.environ, "ROOKERY_PORT": str(port)},
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not is_ready():
            if server.poll() is not None or time.monotonic() > began + 30:
                sys.exit("the server did not become ready")
            time.sleep(0.002)
        milliseconds.append((time.monotonic() - began) * 1000)
        time.sleep(2)
        megabytes.append(resident_megabytes(server.pid))
    finally:
        server.terminate()
        server.wait()
print(f"{statistics.median(milliseconds):.1f} {statistics.median(megabytes):.1f}")
