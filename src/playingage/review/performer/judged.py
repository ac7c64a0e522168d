"""Verdicts of a judge on the pictures of a review."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from playingage.archive import FaceRow
from playingage.media.staging import write_whole
from playingage.review.evaluation.judge import Judge, Verdict, read_answer
from playingage.review.evaluation.pictures import make_folder
from playingage.review.evaluation.stills import Progress
from playingage.review.performer.stills import NOTHING, WAYS, Cuts, Result, Stills, folder_of


def judged(
    stills: Stills, judge: Judge, pictures: Path, rows: Mapping[str, FaceRow], cuts: Cuts, progress: Progress
) -> Stills:
    """The same with the judge's verdicts. `pictures` holds a folder for each way but doing nothing. Raises JudgeError.

    A cut is judged against itself for doing nothing.
    """
    found: list[Result] = []
    groups = sorted({(result.way, result.target_age) for result in stills.results})
    with progress("Judging", len(groups)) as tell:
        for done, (way, age) in enumerate(groups, 1):
            these = [each for each in stills.results if (each.way, each.target_age) == (way, age)]
            verdicts = _ask(these, judge, pictures / "judged" / way / folder_of(age), pictures, rows, cuts)
            found += [replace(each, verdict=verdicts.get(each.face)) for each in these]
            tell(done)
    order = {way: number for number, way in enumerate(WAYS)}
    found.sort(key=lambda each: (each.face, each.target_age, order[each.way]))
    return replace(stills, results=tuple(found))


def _ask(
    results: list[Result], judge: Judge, folder: Path, pictures: Path, rows: Mapping[str, FaceRow], cuts: Cuts
) -> dict[str, Verdict]:
    """Lay the pictures out as the judge wants them, and ask."""
    before, after = folder / "in", folder / "out"
    for each in (before, after):
        make_folder(each)
    lines = ["name,target_age,age"]
    for result in results:
        name = f"{result.face}.png"
        cut = cuts.path(rows[result.face])
        made = cut if result.way == NOTHING else pictures / result.way / folder_of(result.target_age) / "out" / name
        shutil.copyfile(cut, before / name)
        shutil.copyfile(made, after / name)
        lines.append(f"{result.face},{result.target_age:g},{result.source_age:g}")
    listing = folder / "asked.csv"
    write_whole(listing, ("\n".join(lines) + "\n").encode(), overwrite=True)
    answer = read_answer(judge.stills(before, after, listing), [result.face for result in results])
    return answer.verdicts
