"""Which codec a clip is written in: one table to read, no guessing elsewhere."""

from dataclasses import dataclass, field
from fractions import Fraction

from playingage.core import SettingError
from playingage.media.ports import SourceInfo
from playingage.media.staging import no_such_choice

_SLICED = 16
"""Least width and height of pictures that FFV1 cuts into slices."""
CODECS = ("h264", "hevc", "prores", "ffv1")
CLIP_SUFFIXES = (".mp4", ".mov", ".mkv")
_DEFAULT = {
    (".mp4", False): "h264", (".mp4", True): "hevc",
    (".mov", False): "h264", (".mov", True): "prores",
    (".mkv", False): "ffv1", (".mkv", True): "ffv1",
}
"""(suffix, more than 8 bits) to codec."""
_HOLDS = {".mp4": ("h264", "hevc"), ".mov": ("h264", "hevc", "prores"), ".mkv": CODECS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFormat:
    """How a clip is encoded: FFmpeg's encoder, pixel format and options, the stream's tag, and notes for a person."""

    codec: str
    encoder: str
    pixel_format: str
    options: dict[str, str] = field(default_factory=dict)
    tag: str = ""
    notes: tuple[str, ...] = ()


def choose_format(
    suffix: str, like: SourceInfo, *, codec: str | None = None, crf: int | None = None, preset: str | None = None
) -> ClipFormat:
    """The format for a clip with `suffix` of frames as in `like`.

    Without `codec`: .mp4 takes H.264 for 8 bits and HEVC 10-bit for more; .mov takes H.264 for 8 bits and ProRes 422 HQ
    for more (4444 where there is alpha); .mkv takes FFV1, lossless. Odd widths or heights are coded 4:4:4 in H.264 and
    HEVC, which keeps the size. What is not kept (depth, alpha) is said in `notes`. Raises SettingError.
    """
    if suffix not in CLIP_SUFFIXES:
        raise no_such_choice("the suffix", suffix, CLIP_SUFFIXES)
    if codec is not None and codec not in CODECS:
        raise no_such_choice("the codec", codec, CODECS)
    deep = like.bits > 8
    chosen = codec or _DEFAULT[suffix, deep]
    if chosen not in _HOLDS[suffix]:
        fits = ", ".join(s for s, holds in _HOLDS.items() if chosen in holds)
        raise SettingError(f"{suffix} does not hold {chosen}", f"Use {fits}, or another codec.")
    if crf is not None and (chosen not in ("h264", "hevc") or not 0 <= crf <= 51):
        raise SettingError(f"crf {crf} does not fit {chosen}", "crf is 0..51, for h264 and hevc only.")
    make = {"h264": _h264, "hevc": _hevc, "prores": _prores, "ffv1": _ffv1}[chosen]
    return make(like, crf, preset)


def _odd(like: SourceInfo) -> tuple[bool, list[str]]:
    odd = bool(like.width % 2 or like.height % 2)
    text = f"{like.width}x{like.height} is odd: coded 4:4:4 to keep the size (not every player shows it)"
    return odd, [text] if odd else []


def _lost(like: SourceInfo, name: str, bits: int, *, alpha: bool = False) -> list[str]:
    notes = []
    if like.floating:
        notes.append(f"floating-point pictures are limited to 0..1 and stored with {bits} bits in {name}")
    elif like.bits > bits:
        notes.append(f"{like.bits} bits are reduced to {bits} in {name}")
    if like.alpha and not alpha:
        notes.append(f"{name} does not keep alpha")
    return notes


def _h264(like: SourceInfo, crf: int | None, preset: str | None) -> ClipFormat:
    odd, notes = _odd(like)
    # At a fixed crf the fastest preset costs size (about a tenth), not quality, and half of a slower one's time.
    return ClipFormat(
        codec="h264",
        encoder="libx264",
        pixel_format="yuv444p" if odd else "yuv420p",
        options={"crf": str(16 if crf is None else crf), "preset": preset or "ultrafast"}
        | ({} if odd else {"profile": "high"}),
        notes=(*notes, *_lost(like, "H.264", 8)),
    )


def _hevc(like: SourceInfo, crf: int | None, preset: str | None) -> ClipFormat:
    odd, notes = _odd(like)
    return ClipFormat(
        codec="hevc",
        encoder="libx265",
        pixel_format="yuv444p10le" if odd else "yuv420p10le",
        options={
            "crf": str(16 if crf is None else crf), "preset": preset or "ultrafast", "x265-params": "log-level=none",
        },
        tag="hvc1",
        notes=(*notes, *_lost(like, "HEVC main10", 10)),
    )


def _prores(like: SourceInfo, crf: int | None, preset: str | None) -> ClipFormat:
    """`prores_aw` is three times as fast; `prores_ks` also does alpha and odd widths."""
    if preset is not None:
        raise SettingError("ProRes has no presets", "Leave the preset out.")
    return ClipFormat(
        codec="prores",
        encoder="prores_ks" if like.alpha or like.width % 2 else "prores_aw",
        pixel_format="yuva444p10le" if like.alpha else "yuv422p10le",
        options={"profile": "4" if like.alpha else "3"} | ({"alpha_bits": "16"} if like.alpha else {}),
        notes=tuple(_lost(like, "ProRes", 10, alpha=True)),
    )


def _ffv1(like: SourceInfo, crf: int | None, preset: str | None) -> ClipFormat:
    if preset is not None:
        raise SettingError("FFV1 has no presets", "Leave the preset out.")
    if like.bits <= 8:
        form = "bgra" if like.alpha else "bgr0"
    else:
        bits = like.bits if like.colour.matrix == "rgb" and like.bits in (10, 12) else 16
        form = f"gbr{'a' if like.alpha else ''}p{bits}le"
    return ClipFormat(
        codec="ffv1",
        encoder="ffv1",
        pixel_format=form,
        options={} if min(like.width, like.height) < _SLICED else {"level": "3", "slicecrc": "1", "slices": "4"},
        notes=tuple(_lost(like, "FFV1", 16, alpha=True)),
    )


def clip_time_base(like: SourceInfo) -> Fraction:
    """Seconds a tick in the written clip: one frame at a constant rate, the source's own ticks at a variable one."""
    return like.time_base if like.variable_rate and like.time_base is not None else 1 / like.rate
