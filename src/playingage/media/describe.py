"""What is known of an opened container's video, told once for files, devices and streams."""

from fractions import Fraction

from av import VideoFrame
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.video.stream import VideoStream

from playingage.core import Timecode
from playingage.media.deinterlace import Deinterlace
from playingage.media.labels import from_s12m, rerated
from playingage.media.ports import SourceInfo
from playingage.media.tags import RawTags, colour_from_tags
from playingage.media.timing import Timing
from playingage.media.unpack import layout_of, raw_tags, side_data

_INTERLACED = (2, 3, 4, 5)


def describe(
    name: str, container: InputContainer, stream: VideoStream, first: VideoFrame, timing: Timing,
    turned: tuple[int, bool], header: RawTags, way: Deinterlace | None = None,
) -> SourceInfo:
    """The info of a source whose first decoded picture is `first`, to be turned by `turned` (see `orientation`).

    `header`: the colour tags of the container, taken before anything was decoded. way: how it is
    deinterlaced, if it is; the timing is then that of the pictures made.
    """
    context, layout = stream.codec_context, layout_of(first.format.name)
    tags = raw_tags(first).filled_from(header)
    colour, notes = colour_from_tags(
        tags, rgb=layout.rgb, floating=layout.floating, height=first.height, still=layout.grey
    )
    turns, mirror = turned
    aspect = stream.sample_aspect_ratio or Fraction(1)
    interlaced = is_interlaced(stream, first)
    metadata = {k.lower(): v for k, v in container.metadata.items()}
    stored_rate = timing.rate / 2 if way is not None and way.doubles else timing.rate
    timecode = find_timecode(container, stream, stored_rate, notes)
    if timecode is not None:
        timecode = rerated(timecode, timing.rate)
    if turns or mirror:
        notes.append(f"stored pictures are turned by {turns * 90} degrees{' and mirrored' if mirror else ''}")
    if aspect != 1:
        notes.append(f"samples are not square ({aspect.numerator}:{aspect.denominator}); they stay as they are")
    if way is not None:
        notes.append(f"{'interlaced' if interlaced else 'taken as interlaced'}: deinterlaced by {way.words}")
    elif interlaced:
        notes.append("interlaced: both fields are in one frame and are not separated")
    if timing.variable:
        notes.append(f"variable frame rate, {float(timing.rate):.3f} frames a second on average")
    width, height = (first.height, first.width) if turns % 2 else (first.width, first.height)
    period = 1 / timing.rate
    known = timing.end + period if timing.variable and timing.end is not None else None
    return SourceInfo(
        name=name,
        width=width,
        height=height,
        rate=timing.rate,
        colour=colour,
        bits=layout.bits,
        pixel_format=first.format.name,
        codec=context.name,
        container=container.format.name,
        frames=timing.frames,
        duration=known or (None if timing.frames is None else timing.frames * period),
        timecode=timecode,
        rotation=turns * 90,
        audio=len(container.streams.audio),
        variable_rate=timing.variable,
        sample_aspect=1 / aspect if turns % 2 else aspect,
        interlaced=interlaced,
        alpha=layout.alpha,
        floating=layout.floating,
        metadata=tuple(sorted(metadata.items())),
        start=Fraction(0) if first.pts is None or stream.time_base is None else first.pts * stream.time_base,
        time_base=stream.time_base,
        notes=tuple(notes),
        timecode_from="" if timecode is None else "source",
        deinterlaced="" if way is None else way.words,
    )


def is_interlaced(stream: VideoStream, picture: VideoFrame) -> bool:
    """Whether the stream or a picture of it says that it is interlaced."""
    return picture.interlaced_frame or stream.codec_context.field_order in _INTERLACED


def context_tags(stream: VideoStream) -> RawTags:
    """The colour tags of the container or codec header."""
    context = stream.codec_context
    return RawTags(
        primaries=context.color_primaries,
        transfer=context.color_trc,
        matrix=context.colorspace,
        range=context.color_range,
    )


def picture_timecode(picture: VideoFrame, rate: Fraction, coded: Fraction | None) -> Timecode | None:
    """The timecode in a decoded picture (SEI of H.264 and HEVC); `coded` is the rate its decoder knows."""
    try:
        side = side_data(picture).get(Type.S12M_TIMECODE)
    except ValueError:  # PyAV 18.1 cannot list side data of kinds that it does not know
        return None
    return None if side is None else from_s12m(bytes(side), rate, coded)


def find_timecode(
    container: InputContainer, stream: VideoStream, rate: Fraction, notes: list[str]
) -> Timecode | None:
    """The first timecode tag of the stream, the container or a timecode track; adds a note if it makes no sense."""
    tagged = [stream.metadata, container.metadata, *(other.metadata for other in container.streams)]
    for tags in tagged:
        for key, text in tags.items():
            if key.lower() == "timecode":
                try:
                    return Timecode.parse(text, rate)
                except ValueError as error:
                    notes.append(f"the timecode is left out: {error}")
                    return None
    return None
