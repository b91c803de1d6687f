"""Puts pcodec and zstd beside the series codec, on the numbers that `rookery-benchmarks series SHARED DIRECTORY` wrote.

    series_peers.py DIRECTORY

Bytes a point, and nanoseconds of CPU a point to decode and to encode, the best of five rounds. Each file holds five days of
1,440 little-endian float64, which are compressed a day at a time; ours.tsv holds this codec's figures for them. Sizes are
those of everything that has to be stored for the numbers: of a chunk with its header, clock reference and checksum, of
pcodec's file with its header and footer, of zstd's frame. The peers get float64 also where the codec has integers, booleans
and 32 bits; only the codec's times include a checksum and the copying of the times. Nothing here has a limit.
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


def row(name, *figures):
    return f"{name:26}" + "".join(
        f"{size:11.4f}{decode:8.2f}{encode:9.1f}" for size, decode, encode in figures
    )


def main():
    directory = pathlib.Path(sys.argv[1])
    config = ChunkConfig(compression_level=8)
    compressor, decompressor = zstandard.ZstdCompressor(level=19), zstandard.ZstdDecompressor()
    print("Beside pcodec (level 8) and zstd (level 19), which get the same numbers as float64: all bytes stored a point (chunk with")
    print("header, clock reference and checksum; pcodec's file; zstd's frame), and nanoseconds a point.")
    heads = "".join(f"{head:>11}{'decode':>8}{'encode':>9}" for head in ("ours B", "pcodec B", "zstd B"))
    print(f"{'kind':26}{heads}")
    for line in (directory / "ours.tsv").read_text().splitlines():
        name, *ours = line.split("\t")
        file = directory / (name.replace("/", "-") + ".f64")
        if not file.exists():
            continue
        days = numpy.fromfile(file, dtype="<f8").reshape(-1, POINTS)
        packed = [standalone.simple_compress(day, config) for day in days]
        squeezed = [compressor.compress(day.tobytes()) for day in days]
        assert all((standalone.simple_decompress(chunk) == day).all() for chunk, day in zip(packed, days))
        raw = days[0].tobytes()
        pcodec = (
            sum(map(len, packed)) / days.size,
            best(lambda: standalone.simple_decompress(packed[0])),
            best(lambda: standalone.simple_compress(days[0], config)),
        )
        zstd = (
            sum(map(len, squeezed)) / days.size,
            best(lambda: decompressor.decompress(squeezed[0])),
            best(lambda: compressor.compress(raw), calls=1),
        )
        print(row(name, [float(figure) for figure in ours], pcodec, zstd))


main()
