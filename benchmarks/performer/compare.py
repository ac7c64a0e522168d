"""Measures every way to another age on one made performer, and keeps what was found beside the pictures."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.performer.archive import AGES, ERAS, Made, read, write
from benchmarks.performer.figures import Compared, Figures, rank
from benchmarks.performer.ways import Way
from playingage.faces import Face, FaceFinder
from playingage.faces.identity import FaceIdentity
from playingage.runtime import choose_device

MEASURES = tuple(f.name for f in fields(Figures))
Embedding = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one way did at one age: means over the frames. `distance` is that of the result's identity to the truth's.

    `person` is the place that this performer at this age takes among other people (of all ages) by nearness to the
    result's identity, 1 the nearest; `nearest` the same with the performer's other ages among them.
    """

    way: str
    age: float
    frames: int
    psnr: float
    ssim: float
    flip: float
    head_psnr: float
    head_ssim: float
    landmarks: float
    distance: float
    person: int
    nearest: int

    def json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class Performance:
    """A made performer's shot with its truth, and who else there is. Belongs to one thread."""

    def __init__(self, made: Sequence[Made], others: Mapping[str, Sequence[Made]]) -> None:
        """others: name to pictures of other people, by whom the performer is told from them."""
        self.finder = FaceFinder.load()
        self._identity = FaceIdentity(choose_device("CPU"))
        shot = sorted((m for m in made if m.kind == "performance"), key=lambda m: m.frame)
        self.frames = [self._seen(m) for m in shot]
        self.truth = {(m.age, m.frame): m for m in made if m.kind == "truth"}
        self._known = {name: self._mean_of(pictures) for name, pictures in others.items()}
        for age in AGES:
            self._known[_name(age)] = self._mean_of([self.truth[age, m.frame] for m in shot])

    def measure(self, name: str, way: Way, keep: Path, *, ages: Sequence[float] = AGES,
                tell: Callable[[int], None] | None = None) -> list[Found]:
        """Every frame at every age by `way`. Results of the frames that a sheet shows are kept as PNG in `keep`."""
        found, done = [], 0
        for age in ages:
            figures: list[Figures] = []
            embeddings: list[Embedding] = []
            for made, rgb, face in self.frames:
                result = way(rgb, face, age)
                truth = self.truth[age, made.frame]
                assert made.masks is not None and truth.masks is not None
                compared = Compared(rgb, truth.rgb(), (read(made.masks), read(truth.masks)), face.landmarks,
                                    self.finder.mesh)
                figures.append(compared.figures(result))
                embeddings.append(self._identity.embed(result, face.landmarks))
                if made.frame in self.shown:
                    write(keep / f"{age:.0f}-{made.frame:03d}.png", result)
                done += 1
                if tell:
                    tell(done)
            found.append(self._found(name, age, figures, np.mean(embeddings, axis=0)))
        return found

    @property
    def shown(self) -> tuple[int, ...]:
        """Frames for the sheet: one of each act."""
        count = len(self.frames)
        return (count // 6, count // 2, 5 * count // 6)

    def _found(self, name: str, age: float, figures: Sequence[Figures], embedding: Embedding) -> Found:
        means = {measure: fmean(getattr(f, measure) for f in figures) for measure in MEASURES}
        people = {name: known for name, known in self._known.items() if name not in map(_name, AGES)}
        own = self._known[_name(age)]
        return Found(
            way=name, age=age, frames=len(figures), **means, nearest=rank(embedding, self._known, _name(age)),
            person=rank(embedding, people | {_name(age): own}, _name(age)),
            distance=float(np.linalg.norm(embedding - own)),
        )

    def _seen(self, made: Made) -> tuple[Made, NDArray[np.uint8], Face]:
        rgb = made.rgb()
        faces = self.finder.find(rgb)
        if not faces:
            raise ValueError(f"no face is found in {made.file}")
        return made, rgb, max(faces, key=lambda f: f.size)

    def _mean_of(self, pictures: Sequence[Made]) -> Embedding:
        seen = [self._seen(m) for m in pictures]
        return np.asarray(np.mean([self._identity.embed(rgb, f.landmarks) for _, rgb, f in seen], axis=0), np.float32)


def true_way(performance: Performance) -> Way:
    """The truth itself: what the measures say of a perfect result."""
    def truth(frame: NDArray[np.uint8], face: Face, age: float) -> NDArray[np.uint8]:
        del face
        number = next(m.frame for m, rgb, _ in performance.frames if rgb is frame)
        return performance.truth[age, number].rgb()

    return truth


def stored(path: Path, key: str) -> list[Found] | None:
    """What was found before for this `key` (what all was made with), or None."""
    if not path.is_file():
        return None
    document = json.loads(path.read_text(encoding="utf-8"))
    return [Found(**row) for row in document["found"]] if document["key"] == key else None


def store(path: Path, key: str, found: Sequence[Found], **besides: Any) -> None:
    """Keep what was found, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.part")
    fresh.write_text(json.dumps({"key": key, **besides, "found": [f.json() for f in found]}, indent=1))
    fresh.replace(path)


def mean(found: Sequence[Found], measure: str, ages: Sequence[float] = ERAS) -> float:
    """The mean of a measure over the ages that were learned from."""
    return fmean(getattr(f, measure) for f in found if f.age in ages)


def _name(age: float) -> str:
    return f"self at {age:g}"
