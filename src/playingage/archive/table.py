"""Rows of a faceset to Parquet and back. Columns that this release does not know keep values and types."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from playingage.archive.errors import FacesetError
from playingage.archive.row import IDENTITY, FaceRow
from playingage.faces.face import LANDMARKS

_COPY = "Take an undamaged copy, or ingest the footage again."
_TEXT, _INT, _NUMBER, _BOOL = pa.string(), pa.int32(), pa.float64(), pa.bool_()
COLUMNS: dict[str, Any] = {
    "id": _TEXT, "title": _TEXT, "source": _TEXT, "frame": pa.int64(), "timecode": _TEXT, "seconds": _NUMBER,
    "shot": _INT, "track": _INT, "age": _NUMBER, "rights": _TEXT, "file": _TEXT,
    "left": _INT, "top": _INT, "width": _INT, "height": _INT, "eye": _NUMBER,
    "yaw": _NUMBER, "pitch": _NUMBER, "roll": _NUMBER, "landmarks": pa.list_(pa.float32(), 2 * LANDMARKS),
    "mouth_open": _NUMBER, "smile": _NUMBER, "eyes_open": _NUMBER, "expression": _TEXT,
    "light": _NUMBER, "light_side": _NUMBER, "light_top": _NUMBER, "contrast": _NUMBER,
    "sharpness": _NUMBER, "noise": _NUMBER, "occlusion": _NUMBER, "interlaced": _BOOL, "transfer": _TEXT,
    "identity": pa.list_(pa.float32(), IDENTITY), "distance": _NUMBER, "hash": pa.uint64(), "state": _TEXT,
    "reason": _TEXT,
}
"""Name and type of every column, in order."""
ARRAYS = {"landmarks": (LANDMARKS, 2), "identity": (IDENTITY,)}
OPTIONAL = {"timecode": None, "reason": ""}
"""Columns that may be missing or null, and what then stands for them."""


def to_parquet(rows: Sequence[FaceRow], extra: Any = None) -> bytes:
    """The rows as a Parquet file; `extra` is the schema of the columns that this release does not know."""
    arrays, fields = [], []
    for name, kind in COLUMNS.items():
        values = [getattr(row, name) for row in rows]
        if name in ARRAYS:
            size = int(np.prod(ARRAYS[name]))
            flat = np.concatenate([v.ravel() for v in values]) if values else np.empty(0, np.float32)
            arrays.append(pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float32()), size))
        else:
            arrays.append(pa.array(values, kind))
        fields.append(pa.field(name, kind))
    for each in extra or ():
        arrays.append(pa.array([row.extra.get(each.name) for row in rows], each.type))
        fields.append(pa.field(each.name, each.type))
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), out, compression="zstd")
    return out.getvalue()


def from_parquet(data: bytes, where: str) -> tuple[tuple[FaceRow, ...], Any]:
    """The rows of a Parquet file, and the schema of its unknown columns. Raises FacesetError naming what is wrong."""
    try:
        table = pq.read_table(pa.BufferReader(data))
        missing = [name for name in COLUMNS if name not in table.column_names and name not in OPTIONAL]
        if missing:
            raise FacesetError(f"{where}: has no column {', '.join(missing)}", _COPY)
        values = {name: _values(table, name) for name in COLUMNS}
        unknown = pa.schema([each for each in table.schema if each.name not in COLUMNS])
        others = {each.name: table.column(each.name).to_pylist() for each in unknown}
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise FacesetError(f"{where}: cannot be read as a faceset's table: {error}", _COPY) from error
    rows = []
    for i in range(table.num_rows):
        try:
            row = FaceRow(**{name: column[i] for name, column in values.items()})
        except (ValueError, TypeError, AttributeError) as error:
            raise FacesetError(f"{where}: row {i} makes no sense: {error}", _COPY) from error
        rows.append(replace(row, extra={name: column[i] for name, column in others.items()}) if others else row)
    return tuple(rows), unknown


def _values(table: Any, name: str) -> Any:
    """A column as something that can be indexed by row: lists of plain values, or N x shape float32."""
    if name in OPTIONAL:
        stand_in = OPTIONAL[name]
        if name not in table.column_names:
            return [stand_in] * table.num_rows
        return [stand_in if value is None else value for value in table.column(name).to_pylist()]
    column = table.column(name)
    if column.null_count:
        raise ValueError(f"column {name} has empty places")
    if name not in ARRAYS:
        return column.cast(COLUMNS[name]).to_pylist()
    array = column.combine_chunks().cast(COLUMNS[name])
    flat = np.asarray(array.flatten().to_numpy(zero_copy_only=False), np.float32)
    return flat.reshape(table.num_rows, *ARRAYS[name])
