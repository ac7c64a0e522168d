"""A whole training as one value, and the run that follows it: align, teach, render, train, read ages, parse, export.

Every step leaves files under the output folder and is skipped when they are there, so a stopped run goes on.
"""

import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from playingage.core import SettingError, canonical_json, sha256_bytes, sha256_file
from playingage.training import age_estimator, pairs
from playingage.training.age_estimator import AgeNetwork, EstimatorConfig
from playingage.training.data import DataConfig
from playingage.training.export import PackageInfo, export_package, record_hash
from playingage.training.loop import LoopConfig, Trainer, averaged, train
from playingage.training.losses import LossConfig
from playingage.training.network import Emphasis, NetworkConfig
from playingage.training.pairs import PairsConfig
from playingage.training.parsing.export import export_parser
from playingage.training.parsing.train import ParsingConfig, parse_network
from playingage.training.portraits import Portrait, aligned, entries, split
from playingage.training.split import held_out
from playingage.training.start import fresh
from playingage.training.teacher.apply import Strength
from playingage.training.teacher.statistics import Statistics, fit

LOG = logging.getLogger(__name__)
SIZES = (256, 512)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the outcome besides the data.

    `donors` names, per sex, older people whose wrinkles are lent (none held out). `made` seeds of rendered people are
    tried; their pictures are `made_share` of the portraits' share of samples. `card` is the model card (Markdown).
    `emphasis` was chosen on portraits that were learned from. Without `parsing` the package cannot grey hair.
    """

    name: str
    created: str
    licence: str
    card: str
    donors: dict[str, list[str]]
    made: int
    made_share: float
    strength: Strength
    pairs: PairsConfig
    made_pairs: PairsConfig
    data: DataConfig
    network: NetworkConfig
    loss: LossConfig
    loop: LoopConfig
    emphasis: Emphasis
    estimator: EstimatorConfig
    parsing: ParsingConfig | None = None

    def __post_init__(self) -> None:
        lent = [name for names in self.donors.values() for name in names]
        if any(held_out(name) for name in lent):
            raise ValueError("a donor is held out from training")
        if self.made < 0 or not 0 <= self.made_share <= 1:
            raise ValueError("made is not negative, made_share lies between 0 and 1")


def run(recipe: Recipe, data: Path, out: Path, *, steps: int | None = None) -> Path:
    """Follow the recipe; the folder that holds the exported packages. `steps` overrules the recipe's number."""
    if not (data / "portraits.csv").is_file():
        raise SettingError(f"{data}: no portraits.csv there", "Give the data folder with --data.")
    if steps is not None:
        recipe = replace(recipe, loop=replace(recipe.loop, steps=steps))
    out.mkdir(parents=True, exist_ok=True)
    learn, unseen = split(aligned(data, out / "aligned.npz"))
    LOG.info("%d faces to learn from, %d held out", len(learn), len(unseen))
    statistics = fit(learn, recipe.donors)
    folders = _render(recipe, learn, statistics, data, out)
    start = fresh(recipe.network, statistics, recipe.strength, pairs.load(out / "pairs"), recipe.loop.seed)
    trainer = Trainer(start, recipe.loop, recipe.loss)
    train(trainer, folders, recipe.data, out)
    age = _estimator(recipe, learn, data, out)
    errors = estimator_errors(age, unseen)
    parser = None
    if recipe.parsing is not None:
        parser = export_parser(parse_network(recipe.parsing, data, out), out / "parse.onnx")
    record = training_record(recipe, data, trainer.step, errors)
    digest = record_hash(record, out / "training_record.json")
    packages = out / "packages"
    for size in SIZES:
        info = PackageInfo(name=f"{recipe.name}-{size}", created=recipe.created, licence=recipe.licence, record=digest,
                           card=recipe.card)
        folder = packages / f"{recipe.name}-{size}.pamodel"
        export_package(averaged(trainer), age, size, info, folder, recipe.emphasis, parser)
    return packages


def _render(
    recipe: Recipe, learn: list[Portrait], statistics: Statistics, data: Path, out: Path
) -> list[tuple[Path, float]]:
    folders = [(out / "pairs", 1.0)]
    pairs.render(learn, statistics, recipe.strength, recipe.pairs, out / "pairs")
    if recipe.made:
        from playingage.training.rendered import made_people

        made, heads = made_people(data / "makehuman.tar.xz", out / "made", recipe.made)
        pairs.render(made, statistics, recipe.strength, recipe.made_pairs, out / "made_pairs", heads)
        folders.append((out / "made_pairs", recipe.made_share))
    return folders


def _estimator(recipe: Recipe, learn: list[Portrait], data: Path, out: Path) -> AgeNetwork:
    path, config = out / "age.pt", recipe.estimator
    if path.exists():
        network = AgeNetwork(config.kept, config.hidden, config.members)
        network.load_state_dict(torch.load(path, weights_only=True))
        return network.eval()
    made: list[Portrait] = []
    if recipe.made:
        from playingage.training.rendered import YOUNG_AGES, YOUNG_SEED, made_people

        assets = data / "makehuman.tar.xz"
        made = made_people(assets, out / "made", recipe.made)[0]
        made += made_people(assets, out / "made_young", config.young, first_seed=YOUNG_SEED, ages=YOUNG_AGES)[0]
    network = age_estimator.train(learn, made, config, recipe.loop.threads)
    partial = path.with_suffix(".part")
    torch.save(network.state_dict(), partial)
    partial.replace(path)
    return network


def estimator_errors(network: AgeNetwork, unseen: list[Portrait]) -> dict[str, dict[str, float]]:
    """Per kind of held-out picture: number, mean absolute error and mean error in years."""
    result = {}
    for kind in ("portrait", "wild", "earlier"):
        some = [p for p in unseen if p.kind == kind]
        if some:
            error = age_estimator.read(network, some) - np.array([p.age for p in some])
            mae, bias = float(np.abs(error).mean()), float(error.mean())
            result[kind] = {"n": len(some), "mae": round(mae, 2), "bias": round(bias, 2)}
    return result


def training_record(recipe: Recipe, data: Path, steps: int, errors: dict[str, dict[str, float]]) -> dict[str, Any]:
    """What was learned from, with what and how: every picture, the code and the settings by hash."""
    listed = list(entries(data))
    pictures = {e.path.relative_to(data).as_posix(): sha256_file(e.path) for e in listed if not held_out(e.person)}
    code = {p.relative_to(_ROOT).as_posix(): sha256_file(p) for p in sorted(_ROOT.rglob("*.py"))}
    assets = data / "makehuman.tar.xz"
    return {
        "format": "playingage-training-record", "version": 1, "steps": steps, "settings": plain(asdict(recipe)),
        "data": {"pictures": pictures, "pictures_sha256": sha256_bytes(canonical_json(pictures)),
                 "made_people_assets_sha256": sha256_file(assets) if recipe.made else None,
                 "held_out_people": len({e.person for e in listed if held_out(e.person)})},
        "code_sha256": sha256_bytes(canonical_json(code)), "code": code, "torch": torch.__version__,
        "age_estimator_held_out": errors,
    }


_ROOT = Path(__file__).parent


def plain(value: Any) -> Any:
    """Tuples as lists, so that the value equals what JSON gives back."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


