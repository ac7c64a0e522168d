"""Command line of the benchmarks."""

import argparse
from pathlib import Path

COUNTS = (1, 2, 3, 4)


def main() -> None:
    """Run the named benchmark, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    whats = ("all", "stages", "render", "live", "several", "ingest")
    parser.add_argument("what", nargs="?", default="all", choices=whats)
    parser.add_argument("--seconds", type=float, default=60, help="length of the live runs")
    parser.add_argument("--size", type=int, default=512, help="network of the live runs")
    parser.add_argument("--performers", type=int, nargs="*", default=[], help="how many, of `several` and `live`")
    parser.add_argument("--screens", nargs="*", help="names of live screens, as in its table")
    parser.add_argument("--minutes", type=float, default=2, help="length of the film that is ingested")
    parser.add_argument("--out", type=Path, help="folder for the figures as JSON")
    given = parser.parse_args()
    if given.what in ("all", "stages"):
        from benchmarks.stages import stages

        stages(given.out)
    if given.what in ("all", "render"):
        from benchmarks.rendering import rendering

        rendering(given.out)
    if given.what in ("all", "ingest"):
        from benchmarks.ingest import ingesting

        ingesting(given.out, given.minutes)
    if given.what in ("all", "several"):
        from benchmarks.several import costs

        costs(tuple(given.performers) or COUNTS, (256, 512), given.out)
    if given.what in ("all", "live"):
        from benchmarks.living import ELSEWHERE, living

        for count in given.performers or (0,):
            living(given.seconds, given.out, given.size, given.screens, count)
        if given.what == "all":
            for count, size in ((count, size) for size in (256, 512) for count in given.performers or COUNTS):
                living(given.seconds, given.out, size, ["both on one 1080p page", ELSEWHERE], count)


if __name__ == "__main__":
    main()
