"""A faceset comes back as it was saved, changes in one step, and says what is wrong with a damaged one."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.material import GRANT, make_faceset, make_row
from playingage.archive import FaceRow, Faceset, FacesetError
from playingage.archive.files import Disk, locked, unwritable
from playingage.archive.table import COLUMNS
from playingage.core import sha256_file

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "faceset.md"


def rows(count: int = 3) -> tuple[FaceRow, ...]:
    return tuple(make_row(i) for i in range(count))


def plain(row: FaceRow) -> dict[str, Any]:
    found = {each.name: getattr(row, each.name) for each in fields(row)}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in found.items()}


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "faceset.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


class FailingDisk(Disk):
    """A disk that is full from the `after`-th step on."""

    def __init__(self, after: int) -> None:
        self.left = after

    def _step(self, path: Path) -> None:
        self.left -= 1
        if self.left < 0:
            raise unwritable(path, OSError(28, "No space left on device"))

    def write(self, path: Path, data: bytes) -> None:
        self._step(path)
        super().write(path, data)

    def rename(self, old: Path, new: Path) -> None:
        self._step(new)
        super().rename(old, new)


def test_every_field_comes_back(tmp_path: Path) -> None:
    saved = make_faceset(tmp_path, (make_row(1, timecode=None, reason="doubtful", state="rejected"), make_row(2)))
    loaded = Faceset.load(tmp_path)
    assert [plain(row) for row in loaded.rows] == [plain(row) for row in saved.rows]
    assert (loaded.performer, loaded.grant) == ("ada", GRANT)
    assert [row.id for row in loaded.used] == ["face-0002"]
    assert loaded.titles == {"First Film": {"age": 31.5, "rights": "Test"}}


def test_an_empty_faceset_comes_back(tmp_path: Path) -> None:
    make_faceset(tmp_path, ())
    assert Faceset.load(tmp_path).rows == ()


@pytest.mark.parametrize("bits", [8, 16])
def test_cuts_come_back_bit_for_bit(tmp_path: Path, bits: int) -> None:
    faceset = make_faceset(tmp_path, rows(1), bits=bits)
    cut = faceset.picture(faceset.rows[0])
    assert cut.shape == (44, 40, 3) and cut.dtype == (np.uint8 if bits == 8 else np.uint16)
    drawn = np.random.default_rng(0).integers(0, np.iinfo(cut.dtype).max, cut.shape, cut.dtype)
    assert np.array_equal(cut, drawn[..., ::-1])  # OpenCV writes blue first


def test_linear_cuts_are_shown_display_encoded(tmp_path: Path) -> None:
    faceset = make_faceset(tmp_path, (make_row(0, transfer="linear"),))
    cv2.imwrite(str(tmp_path / faceset.rows[0].file), np.full((44, 40, 3), 6554, np.uint16))  # 0.1 of white
    assert np.allclose(faceset.picture(faceset.rows[0]) / 65535, 0.3492, atol=1e-3)


def test_a_lost_or_other_cut_is_named(tmp_path: Path) -> None:
    faceset = make_faceset(tmp_path, rows(2))
    (tmp_path / faceset.rows[0].file).unlink()
    (tmp_path / faceset.rows[1].file).write_bytes(b"no picture")
    for row in faceset.rows:
        with pytest.raises(FacesetError, match=re.escape(row.file)):
            faceset.picture(row)


def test_unknown_columns_and_fields_are_kept(tmp_path: Path) -> None:
    make_faceset(tmp_path, rows(2))
    table = pq.read_table(tmp_path / "faceset.parquet")
    table = table.append_column(pa.field("mood", pa.int8()), pa.array([3, 7], pa.int8()))
    pq.write_table(table, tmp_path / "faceset.parquet")
    files = {"faceset.parquet": sha256_file(tmp_path / "faceset.parquet")}
    edit(tmp_path, files={**files, "other.bin": "00"}, future={"a": 1})
    loaded = Faceset.load(tmp_path)
    assert loaded.rows[1].extra == {"mood": 7}
    loaded.with_rows([*loaded.rows, make_row(9)]).save()
    again = pq.read_table(tmp_path / "faceset.parquet")
    assert again.column("mood").to_pylist() == [3, 7, None] and again.schema.field("mood").type == pa.int8()
    document = json.loads((tmp_path / "faceset.json").read_bytes())
    assert document["future"] == {"a": 1} and document["files"]["other.bin"] == "00"


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused(tmp_path: Path, version: object) -> None:
    make_faceset(tmp_path, rows())
    edit(tmp_path, version=version)
    before = (tmp_path / "faceset.json").read_bytes()
    with pytest.raises(FacesetError, match="version"):
        Faceset.load(tmp_path)
    assert (tmp_path / "faceset.json").read_bytes() == before


def damage_flip(folder: Path) -> None:
    path = folder / "faceset.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def damage_cut_off(folder: Path) -> None:
    path = folder / "faceset.json"
    path.write_bytes(path.read_bytes()[:-5])


def damage_lost(folder: Path) -> None:
    (folder / "faceset.parquet").unlink()


def damage_field(folder: Path) -> None:
    edit(folder, files={})


def damage_other(folder: Path) -> None:
    edit(folder, format="something-else")


@pytest.mark.parametrize("damage", [damage_flip, damage_cut_off, damage_lost, damage_field, damage_other])
def test_damage_is_told(tmp_path: Path, damage: Any) -> None:
    make_faceset(tmp_path, rows())
    damage(tmp_path)
    with pytest.raises(FacesetError) as found:
        Faceset.load(tmp_path)
    assert str(tmp_path) in found.value.what and found.value.do


def test_a_table_with_a_wrong_hash_inside_is_told(tmp_path: Path) -> None:
    make_faceset(tmp_path, rows())
    table = pq.read_table(tmp_path / "faceset.parquet").drop_columns(["yaw"])
    pq.write_table(table, tmp_path / "faceset.parquet")
    edit(tmp_path, files={"faceset.parquet": sha256_file(tmp_path / "faceset.parquet")})
    with pytest.raises(FacesetError, match="yaw"):
        Faceset.load(tmp_path)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_save_cut_off_anywhere_leaves_the_old_or_the_new(tmp_path: Path, after: int) -> None:
    old = make_faceset(tmp_path, rows(2))
    with pytest.raises(FacesetError, match="disk is full"):
        old.with_rows(rows(3)).save(FailingDisk(after))
    loaded = Faceset.load(tmp_path)
    assert len(loaded.rows) == (3 if after == 2 else 2)
    loaded.with_rows(rows(5)).save()
    assert len(Faceset.load(tmp_path).rows) == 5
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["faceset.json", "faceset.parquet"]
    with pytest.raises(FacesetError):  # cut off once more after the document stood, then once more before
        Faceset.load(tmp_path).with_rows(rows(4)).save(FailingDisk(2))
    with pytest.raises(FacesetError):
        Faceset.load(tmp_path).with_rows(rows(1)).save(FailingDisk(1))
    assert len(Faceset.load(tmp_path).rows) == 4


def test_a_change_by_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    make_faceset(tmp_path, rows(2))
    mine, yours = Faceset.load(tmp_path), Faceset.load(tmp_path)
    yours.with_rows(rows(1)).save()
    with pytest.raises(FacesetError, match="changed by another program"):
        mine.with_rows(rows(3)).save()
    assert len(Faceset.load(tmp_path).rows) == 1


def test_two_programs_cannot_lock_one_faceset(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(FacesetError, match="another program"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


@pytest.mark.parametrize(
    "wrong", [{"state": "maybe"}, {"file": "../else.png"}, {"file": "/etc/x"}, {"age": 200.0}, {"hash": 1 << 64},
              {"width": 0}, {"landmarks": np.zeros((468, 2), np.float32)}, {"id": ""}],
)
def test_faces_that_make_no_sense_are_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        make_row(0, **wrong)


def test_the_page_lists_exactly_the_columns_and_fields(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")

    def named(heading: str) -> dict[str, str]:
        section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
        lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
        return {name.strip().strip("`"): cells[0].strip() for name, *cells in lines}

    columns = named("Columns of faceset.parquet")
    assert list(columns) == list(COLUMNS)
    types = {"double": "number", "string": "text", "bool": "yes or no"}
    for name, kind in COLUMNS.items():
        assert columns[name] == types.get(str(kind), str(kind).replace("fixed_size_list<item: float>", "float32 x ")
                                          .replace("[", "").replace("]", "")), name
    make_faceset(tmp_path, rows(1))
    assert set(named("Fields of faceset.json")) == set(json.loads((tmp_path / "faceset.json").read_bytes()))
