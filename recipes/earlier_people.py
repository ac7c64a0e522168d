"""Real people with two photographs years apart: is the later one, re-aged, nearer in identity to the earlier one?

    python -m recipes.earlier_people ../shared/data /tmp/earlier --judge "V/bin/python ../shared/judge/judge.py"

For each person of `earlier.csv` the later portrait is taken to the age of the earlier picture: by the default re-ager,
and by a performer's model that learned from that earlier picture and from the portrait itself. Identity distance to the
earlier picture is compared with the default's and with that of the portrait as it is; both pictures are brought to the
same size and detail first. The judge, where given, measures with its own network. OUT holds re-aged pictures of real
people: it must lie outside the repository. What is there already is not made again, unless the training's code changed.
"""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import table
from benchmarks.performer.archive import Made, write
from benchmarks.performer.learner import code, era_frames, surveyed
from playingage.cli.output import progress_bar
from playingage.engine import Reager, load
from playingage.faces import Face, FaceFinder, head_transform, warp_crop
from playingage.faces.align import HEAD_EYES
from playingage.faces.identity import FaceIdentity, distance
from playingage.review.evaluation.judge import Judge, read_answer
from playingage.runtime import choose_device
from playingage.training.portraits import Entry, entries
from playingage.training.portraits import read as read_entry
from playingage.training.split import held_out

Rgb = NDArray[np.uint8]
NOTHING, DEFAULT, LEARNED, EARLIER = "nothing", "default", "performer", "earlier"
WAYS = (NOTHING, DEFAULT, LEARNED)
_WORDS = {NOTHING: "as it is", DEFAULT: "default", LEARNED: "performer's model"}
_CROP = 448
"""Side of the compared pictures: 70 pixels an eye distance."""
_LEAST_YEARS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person's two pictures. `unseen`: the default re-ager learned from neither."""

    earlier: Entry
    later: Entry
    unseen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was found for a person: years between the pictures, and for each way the distance of identity."""

    person: str
    unseen: bool
    years: float
    ours: dict[str, float]


def people(data: Path) -> Iterator[Person]:
    """Everybody with a portrait and an earlier picture at least three years older."""
    listed = list(entries(data))
    later = {e.person: e for e in listed if e.kind == "portrait"}
    for earlier in (e for e in listed if e.kind == "earlier" and e.person in later):
        if later[earlier.person].age - earlier.age >= _LEAST_YEARS:
            yield Person(earlier=earlier, later=later[earlier.person], unseen=held_out(earlier.person))


def same_detail(picture: Rgb, face: Face, eye: float) -> Rgb:
    """The head, `_CROP` pixels wide, with no more detail than a picture with eyes `eye` pixels apart can hold."""
    side = round(HEAD_EYES * eye)
    small = warp_crop(picture, head_transform(face.landmarks, side), side)
    large = cv2.resize(small, (_CROP, _CROP), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(np.rint(large), 0, 255), np.uint8)


def stored_height(path: Path) -> int:
    """Rows of a stored picture. Raises OSError."""
    stored = cv2.imread(str(path))
    if stored is None:
        raise OSError(f"cannot read {path}")
    return int(stored.shape[0])


class Measuring:
    """Re-ages and measures one person after the other. Belongs to one thread."""

    def __init__(self, out: Path, ways: Sequence[str]) -> None:
        self._out, self._ways = out, ways
        self._finder = FaceFinder.load()
        self._identity = FaceIdentity(choose_device("CPU"))
        self._default = load(size=512)

    def row(self, person: Person) -> Row | None:
        """The person's distances, or None where a face is not found. Compared pictures are kept for the judge."""
        name, now = person.later.person, person.later.age
        earlier, picture = read_entry(person.earlier), read_entry(person.later)
        then, face = self._largest(earlier), self._largest(picture)
        if then is None or face is None:
            return None
        # `read` enlarges small pictures; their detail is that of the file
        eye = _eye(then) * stored_height(person.earlier.path) / earlier.shape[0]
        crops = {EARLIER: same_detail(earlier, then, eye)}
        for way in self._ways:
            result = picture
            if way != NOTHING:
                reager = self._default if way == DEFAULT else self._learned(person)
                low, high = reager.engine.ages  # the oldest are a year or two beyond what the default knows
                result = reager(picture, age=float(np.clip(person.earlier.age, low, high)),
                                source_age=float(np.clip(now, low, high)), transfer="srgb", faces=[face])
            crops[way] = same_detail(result, face, eye)
        for way, crop in crops.items():
            write(self._out / way / f"{name}.png", crop)
        embedded = {way: self._embed(crop) for way, crop in crops.items()}
        if any(vector is None for vector in embedded.values()):
            return None
        ours = {way: distance(embedded[way], embedded[EARLIER]) for way in self._ways}  # type: ignore[arg-type]
        return Row(person=name, unseen=person.unseen, years=now - person.earlier.age, ours=ours)

    def _learned(self, person: Person) -> Reager:
        pictures = []
        for entry in (person.earlier, person.later):
            path = self._out / "stills" / f"{entry.name}.png"
            write(path, read_entry(entry))
            pictures.append(Made(file=path, age=entry.age, frame=0, kind="archive", group=entry.name, masks=None,
                                 still=True))
        return surveyed(era_frames(pictures, self._finder))

    def _largest(self, picture: Rgb) -> Face | None:
        return max(self._finder.find(picture), key=lambda f: f.size, default=None)

    def _embed(self, crop: Rgb) -> NDArray[np.float32] | None:
        face = self._largest(crop)
        return None if face is None else self._identity.embed(crop, face.landmarks)


def judged(judge: Judge, out: Path, rows: Sequence[Row], ways: Sequence[str]) -> dict[str, dict[str, float]]:
    """The judge's identity distance to the earlier picture: way to person to distance."""
    listing = out / "judge.csv"
    with listing.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "target_age", "age"))
        writer.writerows((row.person, 50, 50) for row in rows)
    found = {}
    for way in ways:
        answer = read_answer(judge.stills(out / EARLIER, out / way, listing), [row.person for row in rows])
        found[way] = {name: v.identity for name, v in answer.verdicts.items() if v.identity is not None}
    return found


def summary(measure: str, names: Sequence[str], of: Callable[[str, str], float], ways: Sequence[str]
            ) -> list[dict[str, str]]:
    """One row a way: mean distance, and its difference from the other ways' with the standard error of the mean."""
    rows = []
    for way in ways:
        row = {"measured by": measure, "people": str(len(names)), "later picture": _WORDS[way],
               "distance": f"{fmean(of(way, name) for name in names):.4f}"}
        for other in (DEFAULT, NOTHING):
            apart = [of(way, name) - of(other, name) for name in names]
            error = stdev(apart) / len(apart) ** 0.5
            row[f"minus {_WORDS[other]}"] = "" if way == other else f"{fmean(apart):+.4f} ± {error:.4f}"
            row[f"nearer than {_WORDS[other]}"] = "" if way == other else f"{sum(x < 0 for x in apart)}/{len(apart)}"
        rows.append(row)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; answers the exit status."""
    given = _parser().parse_args(arguments)
    if Path(__file__).resolve().parents[1] in (given.out.resolve(), *given.out.resolve().parents):
        print("Re-aged pictures of real people do not go into the repository: give another folder.", file=sys.stderr)
        return 2
    given.out.mkdir(parents=True, exist_ok=True)
    rows, missing = _rows(given)
    kinds = [("everybody", rows), ("held out from the default", [row for row in rows if row.unseen])]
    found = judged(Judge.from_line(given.judge, None), given.out, rows, given.ways) if given.judge else {}
    tables = []
    for who, chosen in kinds:
        distances = {row.person: row.ours for row in chosen}
        lines = summary("ours", list(distances), lambda way, name, d=distances: d[name][way], given.ways)  # type: ignore[misc]
        if found:
            names = [name for name in distances if all(name in each for each in found.values())]
            lines += summary("judge", names, lambda way, name: found[way][name], given.ways)
        tables.append(f"{who.capitalize()}:\n\n{table(lines)}")
    years = fmean(row.years for row in rows)
    text = "\n\n".join((f"{len(rows)} people, {years:.1f} years between the pictures on average; "
                        f"no face found for {missing}.", *tables)) + "\n"
    (given.out / "table.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m recipes.earlier_people", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with portraits.csv and earlier.csv")
    parser.add_argument("out", type=Path, help="folder to write to, outside the repository")
    parser.add_argument("--judge", help="the judge's command")
    parser.add_argument("--people", type=int, help="only so many")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS, help="what to compare")
    return parser


def _rows(given: argparse.Namespace) -> tuple[list[Row], int]:
    """Each person's row, those of an earlier run of the same code; and how many had no face."""
    path = given.out / f"rows-{code()[:12]}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    known = {row.person: row for row in (Row(**json.loads(line)) for line in lines) if set(row.ours) >= {*given.ways}}
    chosen = list(people(given.data))[: given.people]
    rows: list[Row] = []
    measuring: Measuring | None = None
    with progress_bar("people", len(chosen), unit="people") as tell, path.open("a", encoding="utf-8") as file:
        for done, person in enumerate(chosen, start=1):
            row = known.get(person.later.person)
            if row is None:
                measuring = measuring or Measuring(given.out, given.ways)
                row = measuring.row(person)
                if row is not None:
                    file.write(json.dumps(asdict(row)) + "\n")
                    file.flush()
            if row is not None:
                rows.append(row)
            tell(done)
    return rows, len(chosen) - len(rows)


def _eye(face: Face) -> float:
    return float(np.hypot(*(face.points[[33, 133]].mean(axis=0) - face.points[[263, 362]].mean(axis=0))))


if __name__ == "__main__":
    sys.exit(main())
