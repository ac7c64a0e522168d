"""FFmpeg's colour numbers (ITU-T H.273) to and from `Colour`, and what is assumed where a file says nothing."""

from dataclasses import dataclass

from av.video.reformatter import Colorspace

from playingage.frames import Colour

UNSPECIFIED = 2
_NOTHING = (0, UNSPECIFIED, 3)
"""Primaries and transfers that say nothing: reserved or unspecified."""
_PRIMARIES = {1: "bt709", 5: "bt470bg", 6: "smpte170m", 7: "smpte170m", 9: "bt2020", 12: "p3d65"}
_TRANSFERS = {
    1: "bt709", 4: "gamma22", 5: "gamma28", 6: "bt709", 8: "linear", 13: "srgb", 14: "bt709", 15: "bt709", 16: "pq",
    18: "hlg",
}
_MATRICES = {0: "rgb", 1: "bt709", 5: "bt470bg", 6: "smpte170m", 9: "bt2020nc"}
_TO_PRIMARIES = {"bt709": 1, "bt470bg": 5, "smpte170m": 6, "bt2020": 9, "p3d65": 12, "acescg": 2, "unknown": 2}
_TO_TRANSFER = {
    "bt709": 1, "gamma22": 4, "gamma28": 5, "linear": 8, "srgb": 13, "pq": 16, "hlg": 18, "unknown": 2,
}
_TO_MATRIX = {"rgb": 0, "bt709": 1, "bt470bg": 5, "smpte170m": 6, "bt2020nc": 9}
_HD_HEIGHT = 720


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTags:
    """The four numbers of H.273 as FFmpeg holds them; 2 is unspecified, a range is 0 unknown, 1 limited, 2 full."""

    primaries: int
    transfer: int
    matrix: int
    range: int

    def filled_from(self, other: "RawTags") -> "RawTags":
        """These tags, with what is unspecified taken from `other`."""
        return RawTags(
            primaries=other.primaries if self.primaries in _NOTHING else self.primaries,
            transfer=other.transfer if self.transfer in _NOTHING else self.transfer,
            matrix=self.matrix if self.matrix != UNSPECIFIED else other.matrix,
            range=self.range or other.range,
        )


def colour_from_tags(tags: RawTags, *, rgb: bool, floating: bool, height: int, still: bool) -> tuple[Colour, list[str]]:
    """The colour of a picture and notes on what had to be assumed.

    Untagged Y'CbCr is BT.709 from 720 lines up, else BT.601, of limited range; still pictures and RGB are sRGB of full
    range; floating-point ones are linear.
    """
    notes: list[str] = []
    default_matrix = "bt709" if height >= _HD_HEIGHT else "smpte170m"
    if rgb:
        matrix = "rgb"
    elif tags.matrix in _MATRICES and tags.matrix != 0:
        matrix = _MATRICES[tags.matrix]
    else:
        matrix = "bt470bg" if still else default_matrix
        if not still:
            said = "not tagged" if tags.matrix == UNSPECIFIED else f"tagged {tags.matrix}, which is not supported"
            notes.append(f"the Y'CbCr matrix is {said}: taken as {'BT.709' if matrix == 'bt709' else 'BT.601'}")
    primaries = _PRIMARIES.get(tags.primaries)
    if primaries is None:
        if tags.primaries not in _NOTHING:
            notes.append(f"colour primaries {tags.primaries} are not supported: taken as unknown")
            primaries = "unknown"
        else:
            primaries = "bt709" if rgb or still or default_matrix == "bt709" else "smpte170m"
    transfer = _TRANSFERS.get(tags.transfer)
    if transfer is None:
        if tags.transfer not in _NOTHING:
            notes.append(f"transfer {tags.transfer} is not supported: taken as unknown")
            transfer = "unknown"
        else:
            transfer = "linear" if floating else "srgb" if rgb or still else "bt709"
    full = rgb or tags.range == 2 or (still and tags.range == 0)
    return Colour(primaries=primaries, transfer=transfer, matrix=matrix, full_range=full), notes


def tags_from_colour(colour: Colour, *, rgb: bool, height: int) -> RawTags:
    """The tags to write for `colour` in an RGB or Y'CbCr stream; never leaves the matrix of Y'CbCr unspecified."""
    matrix = colour.matrix
    if rgb:
        matrix = "rgb"
    elif matrix not in _TO_MATRIX or matrix == "rgb":
        matrix = {"bt2020": "bt2020nc"}.get(colour.primaries, "bt709" if height >= _HD_HEIGHT else "smpte170m")
    full = rgb or (colour.full_range and colour.matrix not in ("rgb", "unknown"))
    return RawTags(
        primaries=_TO_PRIMARIES[colour.primaries],
        transfer=_TO_TRANSFER[colour.transfer],
        matrix=_TO_MATRIX[matrix],
        range=2 if full else 1,
    )


def swscale_matrix(matrix: int) -> Colorspace:
    """swscale's coefficients for an H.273 matrix number that `tags_from_colour` or a `Colour` can have."""
    return {1: Colorspace.ITU709, 9: Colorspace.BT2020}.get(matrix, Colorspace.ITU601)


def matrix_number(colour: Colour) -> int:
    """The H.273 number of a colour's matrix; RGB and unknown give 2."""
    return _TO_MATRIX.get(colour.matrix, UNSPECIFIED)
