"""`python -m playingage.training OUT --recipe FILE --data FOLDER`: follow a recipe from pictures to packages."""

import argparse
import importlib.util
import logging
import sys
from dataclasses import replace
from pathlib import Path

import torch

from playingage.core import DeviceError, PlayingAgeError, SettingError
from playingage.training.loop import LoopConfig
from playingage.training.recipe import Recipe, run


def load_recipe(path: Path) -> Recipe:
    """The value of `recipe()` in a Python file."""
    spec = importlib.util.spec_from_file_location("playingage_recipe", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise SettingError(f"{path}: is not a Python file", "Give a recipe, such as recipes/default_reager.py.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    recipe = module.recipe() if hasattr(module, "recipe") else None
    if not isinstance(recipe, Recipe):
        raise SettingError(f"{path}: has no function recipe() that returns a Recipe", "See recipes/default_reager.py.")
    return recipe


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m playingage.training", description="Train a re-ager. A stopped run goes on when started again.",
        epilog="example: python -m playingage.training OUT --recipe recipes/default_reager.py --data ../shared/data",
    )
    parser.add_argument("out", type=Path, help="folder for everything that the run makes")
    parser.add_argument("--recipe", type=Path, required=True, help="Python file with a function recipe()")
    parser.add_argument("--data", type=Path, required=True, help="folder with portraits.csv, wild.csv, earlier.csv")
    parser.add_argument("--steps", type=int, help="training steps instead of the recipe's")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for a graphics card")
    parser.add_argument("--workers", type=int, default=1, help="processes that prepare samples; 8 or more for a card")
    parser.add_argument("--resume", action="store_true", help="go on with a run that OUT already holds")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        if given.steps is not None and given.steps < 1:
            raise SettingError(f"{given.steps} steps train nothing", "Give 1 or more with --steps.")
        if (given.out / "checkpoint.pt").exists() and not given.resume:
            raise SettingError(f"{given.out}: holds a run already", "Add --resume to go on with it.")
        recipe = load_recipe(given.recipe)
        recipe = replace(recipe, loop=_loop(recipe.loop, given.device, given.workers))
        packages = run(recipe, given.data, given.out, steps=given.steps)
    except PlayingAgeError as error:
        print(error.diagnostics(), file=sys.stderr)
        return 2
    print(packages)
    return 0


def _loop(config: LoopConfig, device: str, workers: int) -> LoopConfig:
    if workers < 1:
        raise SettingError(f"{workers} processes prepare nothing", "Give 1 or more with --workers.")
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise DeviceError(f"{device}: torch cannot use it: {reason}", "Use --device cpu.") from error
    return replace(config, device=device, workers=workers)


if __name__ == "__main__":
    sys.exit(main())
