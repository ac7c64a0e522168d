"""Milliseconds and memory of the networks alone: the shipped ones, or the re-ager as it is trained and as exported.

    python benchmarks/network.py [--forms] [--threads 1 2] [--precision bf16 f32] [--runs 60] [--json FILE]

All rows of a table are run in turn, so that a busy machine is as bad for one as for another: read the ratios, and the
lower quartile rather than the median. `--forms` needs torch; its weights are untrained, which costs the same.
"""

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import psutil
from numpy.typing import NDArray

from playingage.faces import FaceFinder, template_transform, warp_crop
from playingage.models.package import PACKAGES
from playingage.runtime import Network, choose_device

SIZES = (256, 512)
PORTRAIT = PACKAGES.parents[1] / "demo" / "astronaut.jpg"


@dataclass(frozen=True, slots=True)
class Case:
    """A network file, what it is called, and the row whose time is 1."""

    name: str
    path: Path
    against: str = ""


def shipped() -> list[Case]:
    """Re-ager and age estimator of both packages."""
    return [Case(f"{part}-{size}", PACKAGES / f"default-{size}.pamodel" / f"{part}.onnx")
            for size in SIZES for part in ("reager", "age")]


def forms(folder: Path) -> list[Case]:
    """The re-ager untrained, as trained and as exported."""
    import torch

    from playingage.training.export import write_network
    from playingage.training.exported import Exported
    from playingage.training.network import GRID, NetworkConfig, Reager, at_size

    cases = []
    torch.manual_seed(1)
    reager = Reager(NetworkConfig())
    for size in SIZES:
        trained = at_size(reager, size).eval()
        crop = torch.full((1, 3, size, size), 0.5)
        for name, module, side in (("trained", trained, size), ("exported", Exported(trained).eval(), GRID)):
            path = folder / f"{name}-{size}.onnx"
            ages = torch.full((1, 1, side, side), 0.4)
            names = ["crop", "source_age", "target_age"], ["delta", "matte"]
            write_network(module, (crop, ages, ages + 0.2), *names, path)
            cases.append(Case(f"{name}-{size}", path, f"trained-{size}"))
    return cases


def portrait(size: int) -> NDArray[np.float32]:
    """NASA's portrait as the networks see it: 1 x 3 x size x size."""
    pixels = np.ascontiguousarray(cv2.imread(str(PORTRAIT))[..., ::-1])
    face = FaceFinder(choose_device("CPU")).find(pixels)[0]
    crop = warp_crop(pixels, template_transform(face.landmarks, size), size) / 255
    return np.ascontiguousarray(crop.transpose(2, 0, 1)[None], np.float32)


def measure(cases: list[Case], threads: int, precision: str | None, runs: int) -> list[dict[str, str | float]]:
    """One row a case. Memory is what loading and the first run added to the process."""
    device = choose_device("CPU", threads=threads, precision=precision)
    process, networks, values, memory = psutil.Process(), [], [], []
    for case in cases:
        before = process.memory_info().rss
        network = Network(case.path, device)
        given = []
        for name, shape in network.inputs.items():
            given.append(np.full(shape, 0.65 if name == "target_age" else 0.35, np.float32)
                         if "age" in name else portrait(shape[-1]))
        network.run(given)
        memory.append((process.memory_info().rss - before) / 2**20)
        networks.append(network)
        values.append(given)
    times: list[list[float]] = [[] for _ in cases]
    for run in range(runs + 5):
        for network, given, taken in zip(networks, values, times, strict=True):
            network.run(given)  # once more than is timed: what the row before left in the cache is gone
            began = time.perf_counter()
            network.run(given)
            if run >= 5:
                taken.append((time.perf_counter() - began) * 1000)
    best = {case.name: min(taken) for case, taken in zip(cases, times, strict=True)}
    return [
        {"network": case.name, "threads": threads, "precision": device.precision, "best ms": round(min(taken), 2),
         "lower quartile": round(float(np.percentile(taken, 25)), 2), "median": round(float(np.median(taken)), 2),
         "of the trained form": round(best[case.name] / best[case.against], 2) if case.against else "",
         "MiB": round(used), "file MB": round(case.path.stat().st_size / 1e6, 1)}
        for case, taken, used in zip(cases, times, memory, strict=True)
    ]


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forms", action="store_true", help="the trained and the exported form, untrained")
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--precision", choices=["bf16", "f32"], nargs="+", default=[None])
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    print(choose_device("CPU"))
    rows: list[dict[str, str | float]] = []
    with tempfile.TemporaryDirectory() as folder:
        cases = forms(Path(folder)) if given.forms else shipped()
        for threads in given.threads:
            for precision in given.precision:
                rows += measure(cases, threads, precision, given.runs)
    print("| " + " | ".join(rows[0]) + " |\n" + "|---" * len(rows[0]) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row.values()) + " |")
    if given.json:
        given.json.write_text(json.dumps({"device": str(choose_device("CPU")), "rows": rows}, indent=1), "utf-8")


if __name__ == "__main__":
    main()
