"""Compresses the numbers that `rookery-benchmarks series SHARED DIRECTORY` wrote with pcodec and zstd, a day at a time.

    series_peers.py DIRECTORY

Prints bytes a point and nanoseconds of CPU a point to decode, the best of five rounds: beside them stand the codec's own
figures, which that command prints. Each file holds five days of 1,440 little-endian float64.
"""

import pathlib
import sys
import time

import numpy
import zstandard
from pcodec import ChunkConfig, standalone

POINTS = 1440


def best(body, rounds=5, calls=20):
    times = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(calls):
            body()
        times.append((time.process_time() - start) / calls)
    return min(times) * 1e9 / POINTS


def main():
    config = ChunkConfig(compression_level=8)
    compressor, decompressor = zstandard.ZstdCompressor(level=19), zstandard.ZstdDecompressor()
    print(f"{'kind':28}  pcodec 8: B/point  decode ns   encode ns   zstd 19: B/point  decode ns   encode ns")
    for file in sorted(pathlib.Path(sys.argv[1]).glob("*.f64")):
        days = numpy.fromfile(file, dtype="<f8").reshape(-1, POINTS)
        packed = [standalone.simple_compress(day, config) for day in days]
        squeezed = [compressor.compress(day.tobytes()) for day in days]
        assert all((standalone.simple_decompress(chunk) == day).all() for chunk, day in zip(packed, days))
        raw = days[0].tobytes()
        print(
            f"{file.stem:28} {sum(map(len, packed)) / days.size:18.4f} {best(lambda: standalone.simple_decompress(packed[0])):10.2f}"
            f" {best(lambda: standalone.simple_compress(days[0], config)):11.1f}"
            f" {sum(map(len, squeezed)) / days.size:18.4f} {best(lambda: decompressor.decompress(squeezed[0])):10.2f}"
            f" {best(lambda: compressor.compress(raw), calls=1):11.1f}"
        )


main()
