"""Every person at every request: re-aged, measured, judged."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from playingage.core import SettingError, canonical_json, sha256_bytes, sha256_file
from playingage.engine import Reager
from playingage.faces import Face, FaceFinder
from playingage.media.staging import write_whole
from playingage.review.evaluation.judge import Answer, Judge, Verdict, read_answer
from playingage.review.evaluation.measures import Before, Measures
from playingage.review.evaluation.people import Person
from playingage.review.evaluation.pictures import Job, PictureStore, read_picture, shift_name

AGES = (18.0, 85.0)
"""Requests are made where the result stays within these years."""
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Called with what is done and with how many there are; gives what is told how many are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One person at one request of `shift` years; ages in years, `tone` as of `Before.tone`, `box` as of `Face.box`.

    read_in, read_out: ages as the package's own estimator reads them.
    """

    person: Person
    shift: float
    source_age: float
    target_age: float
    tone: float
    box: tuple[float, float, float, float]
    milliseconds: float
    measures: Measures
    read_in: float
    read_out: float
    sha256: str
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stills:
    """All results; who was left out and why; for each request the share of the judged shift in coarse shape."""

    results: tuple[Result, ...]
    left_out: tuple[tuple[str, str], ...]
    coarse: dict[float, float | None]
    unjudged: str = ""

    @property
    def judged(self) -> bool:
        """Whether a judge has looked at anything."""
        return any(result.verdict is not None for result in self.results)


def requests_of(age: float, shifts: Sequence[float], known: tuple[float, float]) -> list[float]:
    """The shifts that keep a person of `age` within what is asked and what the model knows."""
    low, high = max(AGES[0], known[0]), min(AGES[1], known[1])
    return [shift for shift in shifts if low <= age + shift <= high]


def measure_people(
    people: Sequence[Person], shifts: Sequence[float], reager: Reager, store: PictureStore, progress: Progress, *,
    estimate: bool,
) -> Stills:
    """Re-age and measure everybody. Raises SettingError where nobody could be measured, and what pictures raise."""
    finder = FaceFinder(reager.engine.device)
    wanted = {person.name: requests_of(person.age, shifts, reager.engine.ages) for person in people}
    results: list[Result] = []
    left_out: list[tuple[str, str]] = []
    skipped = 0
    with progress("Re-ageing", sum(map(len, wanted.values()))) as tell:
        for person in people:
            picture = read_picture(person.path)
            face = largest(finder.find(picture))
            if face is None:
                left_out.append((person.name, "no face was found"))
                skipped += len(wanted[person.name])
            elif not wanted[person.name]:
                left_out.append((person.name, f"{person.age:.0f} years: no request stays within the ages"))
            else:
                before = Before(picture, face, finder.mesh)
                for one in _of_person(person, wanted[person.name], before, reager, store, estimate=estimate):
                    results.append(one)
                    tell(len(results) + skipped)
    if not results:
        raise SettingError("nobody could be measured", "; ".join(f"{name}: {why}" for name, why in left_out[:5]))
    return Stills(results=tuple(results), left_out=tuple(left_out), coarse={})


def _of_person(
    person: Person, shifts: Sequence[float], before: Before, reager: Reager, store: PictureStore, *, estimate: bool
) -> Iterator[Result]:
    low, high = reager.engine.ages
    picture, face = before.picture, before.face
    read_in = reager.read_age(picture, face)
    source_age = read_in if estimate else min(max(person.age, low), high)
    source, tone = sha256_file(person.path), before.tone()
    for shift in shifts:
        target = person.age + shift
        job = Job(shift=shift_name(shift), name=person.name, source=source, source_age=source_age, target_age=target)
        store.keep(job.shift, person.name, picture)
        made = store.made(job, picture, face)
        yield Result(
            person=person, shift=shift, source_age=source_age, target_age=target, tone=tone, box=face.box,
            milliseconds=made.milliseconds, measures=before.measure(made.picture), read_in=read_in,
            read_out=reager.read_age(made.picture, face), sha256=made.sha256,
        )


def largest(faces: Sequence[Face]) -> Face | None:
    """The largest face of a picture, which is the portrait's."""
    return max(faces, key=lambda face: face.size, default=None)


def judge_stills(stills: Stills, judge: Judge, store: PictureStore, progress: Progress) -> Stills:
    """The same with the judge's verdicts. Raises JudgeError."""
    results: list[Result] = []
    coarse: dict[float, float | None] = {}
    with progress("Judging", len(stills.results)) as tell:
        for shift in sorted({result.shift for result in stills.results}):
            these = [result for result in stills.results if result.shift == shift]
            answer = _answer(these, judge, store)
            coarse[shift] = answer.coarse_share
            results += [replace(each, verdict=answer.verdicts.get(each.person.name)) for each in these]
            tell(len(results))
    return replace(stills, results=tuple(results), coarse=coarse)


def _answer(results: Sequence[Result], judge: Judge, store: PictureStore) -> Answer:
    """The judge's answer about the pictures of one request; an answer about the very same pictures is used again."""
    before, after = store.places(shift_name(results[0].shift))
    listing, kept = before.parent / "asked.csv", before.parent / "judged.json"
    lines = ["name,target_age,age", *(f"{r.person.name},{r.target_age:g},{r.person.age:g}" for r in results)]
    inputs = [sha256_file(before / f"{result.person.name}.png") for result in results]
    key = sha256_bytes(canonical_json([judge.identity(), lines, inputs, [result.sha256 for result in results]]))
    document: dict[str, Any] | None = None
    if kept.is_file():
        with contextlib.suppress(ValueError, KeyError, TypeError):  # damaged, or not ours: judged anew
            stored = json.loads(kept.read_bytes())
            document = stored["answer"] if stored["key"] == key else None
    if document is None:
        write_whole(listing, ("\n".join(lines) + "\n").encode(), overwrite=True)
        document = judge.stills(before, after, listing)
        write_whole(kept, json.dumps({"key": key, "answer": document}).encode(), overwrite=True)
    return read_answer(document, [result.person.name for result in results])
