"""Command line of the soak.

    python -m benchmarks.soak --hours 2 --out FOLDER
    python -m benchmarks.soak --accelerated --hours 12 --out FOLDER
"""

import argparse
from pathlib import Path


def main() -> None:
    """Live through the day, then sum it up; or sum up what is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--out", type=Path, required=True, help="folder for everything that is measured")
    parser.add_argument("--scene", type=Path, help="folder for clips and production, made once (default: OUT/scene)")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    parser.add_argument("--size", type=int, default=256, help="network of the performers")
    parser.add_argument("--pages", type=int, default=0, help="pages in a real browser, besides the other viewers")
    parser.add_argument("--every", type=float, default=4, help="seconds between two passers-by")
    parser.add_argument("--crash-every", type=float, default=0, help="seconds between two crashes of the engine")
    parser.add_argument("--accelerated", action="store_true", help="simulated time, as fast as it goes")
    parser.add_argument("--summary", action="store_true", help="only sum up what is in OUT")
    parser.add_argument("more", nargs="*", help="options of the live command, after --")
    given = parser.parse_args()
    if given.accelerated:
        from benchmarks.soak.fast import hurry

        hurry(given.hours, given.out)
        return
    from benchmarks.soak.summary import sum_up

    if not given.summary:
        from benchmarks.soak.day import Plan, live_through
        from benchmarks.soak.scene import make_scene

        scene = make_scene(given.scene or given.out / "scene", given.data, given.size)
        plan = Plan(seconds=given.hours * 3600, out=given.out, size=given.size, pages=given.pages, every=given.every,
                    crash_every=given.crash_every, more=tuple(given.more))
        live_through(scene, plan)
    sum_up(given.out)


main()
