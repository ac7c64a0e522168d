"""Milliseconds of the shipped networks alone, per variant.

    python benchmarks/network.py [--threads 1] [--precision bf16] [--runs 60] [--json FILE]

Medians; the first runs are left out. Run it on a quiet machine: two threads on a busy one measure the neighbours.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

from playingage.models.package import PACKAGES
from playingage.runtime import Network, choose_device


def measure(path: Path, threads: int, precision: str | None, runs: int) -> dict[str, float]:
    network = Network(path, choose_device("CPU", threads=threads, precision=precision))
    rng = np.random.default_rng(1)
    values = [rng.random(shape, np.float32) for shape in network.inputs.values()]
    times = []
    for _ in range(runs + 10):
        began = time.perf_counter()
        network.run(values)
        times.append((time.perf_counter() - began) * 1000)
    times = sorted(times[10:])
    return {"median_ms": round(statistics.median(times), 2), "p95_ms": round(times[int(0.95 * len(times))], 2),
            "best_ms": round(times[0], 2), "file_mb": round(path.stat().st_size / 1e6, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=["bf16", "f32"])
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    device = choose_device("CPU", threads=given.threads, precision=given.precision)
    print(device)
    table = {}
    for size in (256, 512):
        for part in ("reager", "age"):
            path = PACKAGES / f"default-{size}.pamodel" / f"{part}.onnx"
            table[f"{part}-{size}"] = measure(path, given.threads, given.precision, given.runs)
            print(f"{part}-{size}", table[f"{part}-{size}"], flush=True)
    if given.json:
        given.json.write_text(json.dumps({"device": str(device), "networks": table}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
