"""The judge: another program that looks at pictures before and after, and says what it sees as JSON.

It is called as `COMMAND stills IN OUT --weights DIR --csv FILE`, with pictures paired by name and FILE holding
name,target_age,age. Its answer holds `age` (with `coarse_share`) and `faces`: for each name what `Verdict` names.
"""

import importlib.util
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playingage.core import PlayingAgeError, SettingError, canonical_json, sha256_bytes, sha256_file

_USUAL = Path("..") / "shared" / "judge" / "judge.py"
_USUAL_MODULES = ("mediapipe", "torch", "h5py", "dlib", "face_recognition_models")
_TAIL = 12
"""Lines of the judge's complaint that are repeated."""


class JudgeError(PlayingAgeError):
    """The judge's program failed, or said something that is no verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge says of one pair: judged ages in years, distance of identity, landmarks in % of the eye distance,

    energy of fine skin detail after over before. None where it does not say.
    """

    age_in: float
    age_out: float
    identity: float | None
    eyes: float | None
    mouth: float | None
    sharpness: float | None

    @property
    def shift(self) -> float:
        """Years by which the judged age moved."""
        return self.age_out - self.age_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Verdicts by name, and the share of the shift that is seen in coarse shape and shade (None: too small a shift)."""

    verdicts: dict[str, Verdict]
    coarse_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A judge's command line, split into words, and the folder of its weights."""

    command: tuple[str, ...]
    weights: Path | None

    @classmethod
    def from_line(cls, line: str, weights: Path | None) -> "Judge":
        """The judge of a command line; weights lie beside its script unless told. Raises SettingError."""
        try:
            command = tuple(shlex.split(line))
        except ValueError as error:
            raise SettingError(f"--judge: {line!r} is no command: {error}", "Quote it as in a shell.") from error
        if not command:
            raise SettingError("--judge is empty", "Give the judge's command.")
        if shutil.which(command[0]) is None:
            raise SettingError(f"--judge: there is no program {command[0]}", "Check the command.")
        script = next((Path(word) for word in command if word.endswith(".py")), None)
        if weights is None and script is not None and (script.parent / "weights").is_dir():
            weights = script.parent / "weights"
        if weights is not None and not weights.is_dir():
            raise SettingError(f"--judge-weights: {weights} is no folder", "Give the folder of the judge's weights.")
        return cls(command=command, weights=weights)

    def identity(self) -> str:
        """Hash of the command and of the files that it names: verdicts of the same judge may be used again."""
        files = [sha256_file(path) for path in map(Path, self.command) if path.is_file() and path.suffix == ".py"]
        return sha256_bytes(canonical_json([*self.command, str(self.weights), *files]))

    def stills(self, before: Path, after: Path, listing: Path) -> dict[str, Any]:
        """The judge's answer about two folders of pictures. Raises JudgeError."""
        return self.ask("stills", str(before), str(after), "--csv", str(listing))

    def ask(self, mode: str, *words: str) -> dict[str, Any]:
        """Run the judge and read the JSON that it prints. Raises JudgeError."""
        weights = () if self.weights is None else ("--weights", str(self.weights))
        line = [*self.command, mode, *words, *weights]
        try:
            done = subprocess.run(line, capture_output=True, text=True, errors="replace", check=False)
        except OSError as error:
            raise JudgeError(
                f"the judge {self.command[0]} cannot be started: {error.strerror}", "Check --judge."
            ) from error
        if done.returncode:
            said = "\n".join(done.stderr.strip().splitlines()[-_TAIL:])
            raise JudgeError(
                f"the judge ended with {done.returncode}: {shlex.join(line)}",
                f"It said:\n{said}" if said else "It said nothing.",
            )
        try:
            answer = json.loads(done.stdout)
        except ValueError as error:
            raise JudgeError(f"the judge did not print JSON: {done.stdout[:200]!r}", "Check --judge.") from error
        if not isinstance(answer, dict):
            raise JudgeError("the judge's JSON is no object", "Check --judge.")
        return answer


def default_judge() -> tuple[Judge | None, str]:
    """The usual judge if it can run with this Python, else None; and why not."""
    if not _USUAL.is_file():
        return None, f"no judge was given, and {_USUAL} is not there"
    missing = [name for name in _USUAL_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        return None, f"no judge was given, and {_USUAL} lacks {', '.join(missing)} in this Python"
    return Judge.from_line(shlex.join([sys.executable, str(_USUAL)]), None), ""


def read_answer(document: dict[str, Any], names: Sequence[str]) -> Answer:
    """The verdicts about `names` in a judge's answer to `stills`. Raises JudgeError."""
    try:
        if not document.get("n"):
            return Answer(verdicts={}, coarse_share=None)
        verdicts = {str(face["name"]): _verdict(face) for face in document["faces"]}
        share = _number(document["age"].get("coarse_share"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise JudgeError(f"the judge's answer lacks {error}", "Check that --judge is made for stills.") from error
    return Answer(verdicts={name: verdicts[name] for name in names if name in verdicts}, coarse_share=share)


def _verdict(face: dict[str, Any]) -> Verdict:
    return Verdict(
        age_in=float(face["age_in"]), age_out=float(face["age_out"]), identity=_number(face.get("id_distance")),
        eyes=_number(face.get("lm_eyes_pct")), mouth=_number(face.get("lm_mouth_pct")),
        sharpness=_number(face.get("sharp_skin")),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
