"""Compressed outputs: H.264 in MPEG-TS over UDP, TCP, SRT or into a file, or in FLV over RTMP."""

import contextlib
import socket
import ssl
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import av
import numpy as np
from av.codec import Codec
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from playingage.core import SettingError, UnwritableError
from playingage.media.output import OutputFormat
from playingage.media.output_address import Carrier, OutputAddress
from playingage.media.output_srt import SrtSocket
from playingage.media.reasons import is_timeout, reason_of
from playingage.media.tags import RawTags, tags_from_colour

_MUXER = {Carrier.STREAM: "mpegts", Carrier.FILE: "mpegts", Carrier.SRT: "mpegts", Carrier.RTMP: "flv"}
_TS = {
    # Without a length, a receiver knows a picture's end by the next one's beginning: a frame later.
    "omit_video_pes_length": "0",
    "mpegts_flags": "resend_headers+initial_discontinuity", "pat_period": "0.25", "max_delay": "50000",
}


def x264_options(form: OutputFormat) -> dict[str, str]:
    """Options of the encoder: no picture waits for a later one, a key picture each second, half a second of buffer."""
    group = max(1, round(form.rate))
    return {
        "preset": "ultrafast", "tune": "zerolatency", "g": str(group), "keyint_min": str(group), "sc_threshold": "0",
        "maxrate": str(form.bit_rate), "bufsize": str(form.bit_rate // 2), "bf": "0", "forced-idr": "1",
    }


def set_up(context: VideoCodecContext, form: OutputFormat, tags: RawTags) -> None:
    """Tell an encoder size, rate and tags."""
    context.width, context.height, context.pix_fmt = form.width, form.height, "yuv420p"
    context.time_base, context.framerate = 1 / form.rate, form.rate
    context.bit_rate, context.thread_count = form.bit_rate, 1
    context.color_primaries, context.color_trc = tags.primaries, tags.transfer
    context.colorspace, context.color_range = tags.matrix, tags.range


class Pictures:
    """RGB arrays to 4:2:0 pictures with tags; one that comes again is not converted again."""

    def __init__(self, form: OutputFormat, matrix: Colorspace = Colorspace.ITU709) -> None:
        self.tags = output_tags(form)
        self._matrix, self._scaler = matrix, VideoReformatter()
        self._last: tuple[NDArray[np.uint8], av.VideoFrame] | None = None
        self._base = 1 / form.rate

    def picture(self, pixels: NDArray[np.uint8], tick: int) -> av.VideoFrame:
        """The picture of `pixels`, timed at `tick`."""
        if self._last is None or self._last[0] is not pixels:
            self._last = (pixels, self._converted(pixels))
        picture = self._last[1]
        picture.pts, picture.time_base, picture.duration = tick, self._base, 1
        return picture

    def _converted(self, pixels: NDArray[np.uint8]) -> av.VideoFrame:
        source = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(pixels), format="rgb24")
        picture = self._scaler.reformat(
            source, format="yuv420p", src_colorspace=self._matrix, dst_colorspace=self._matrix,
            src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.FAST_BILINEAR, threads=1,
        )
        picture.color_primaries, picture.color_trc = self.tags.primaries, self.tags.transfer
        picture.colorspace, picture.color_range = self.tags.matrix, self.tags.range
        return picture


def output_tags(form: OutputFormat) -> RawTags:
    """Matrix BT.709, limited range; primaries and transfer of the pictures, BT.709 where no display has that curve."""
    found = tags_from_colour(form.colour, rgb=False, height=form.height)
    transfer = 1 if form.colour.transfer in ("linear", "pq", "unknown") else found.transfer
    return RawTags(primaries=found.primaries, transfer=transfer, matrix=1, range=1)


class EncodedOutput:
    """One connection. See `Output`."""

    def __init__(self, address: OutputAddress, form: OutputFormat, timeout_s: float) -> None:
        self._address = address
        self._pictures = Pictures(form)
        self._socket: SrtSocket | None = None
        self._file: IO[bytes] | None = None
        self._container: OutputContainer | None = None
        try:
            self._container = self._connect(timeout_s)
            self._container.metadata.update(
                {"service_name": form.title, "service_provider": "Playing Age"}
                if _MUXER[address.carrier] == "mpegts" else {"title": form.title}
            )
            self._stream = self._add_video(self._container, form)
            self._container.start_encoding()
        except BaseException as error:
            self.close()
            if isinstance(error, (FFmpegError, OSError, ValueError)):
                raise self._lost(error) from None
            raise

    @staticmethod
    def check(address: OutputAddress, form: OutputFormat) -> None:
        """Raise SettingError when encoder, muxer or protocol is missing here, or a file exists already."""
        muxer = _MUXER[address.carrier]
        need_encoder(address)
        try:
            av.ContainerFormat(muxer, "w")
        except ValueError:
            raise _missing(address, f"the {muxer} format") from None
        if address.carrier is Carrier.SRT:
            SrtSocket.check(address)
        elif address.carrier is Carrier.FILE:
            _check_file(address)
        else:
            _need_protocol(address)
        if address.carrier is Carrier.RTMP and form.rate.denominator not in (1, 1001):
            raise SettingError(f"{address}: RTMP wants a whole or NTSC rate, not {form.rate}", "Give --out-rate.")

    def send(self, pixels: NDArray[np.uint8], tick: int) -> None:
        """Compress and send one picture. Raises UnwritableError."""
        container = self._container
        if container is None:
            raise UnwritableError(f"{self._address}: is closed")
        try:
            container.mux(self._stream.encode(self._pictures.picture(pixels, tick)))
        except (FFmpegError, OSError, ValueError) as error:
            raise self._lost(error) from None

    def close(self) -> None:
        """End the stream; may be called twice."""
        container, self._container = self._container, None
        if container is not None:
            with contextlib.suppress(FFmpegError, OSError, ValueError):
                container.close()
        for each in (self._socket, self._file):
            if each is not None:
                with contextlib.suppress(OSError):
                    each.close()

    def _connect(self, timeout_s: float) -> OutputContainer:
        address, limit = self._address, str(int(timeout_s * 1e6))
        muxer = _MUXER[address.carrier]
        if address.carrier is Carrier.SRT:
            self._socket = SrtSocket(address, timeout_s)
            return av.open(cast(IO[bytes], self._socket), "w", format=muxer, options=_TS, buffer_size=1316)
        options = {**(_TS if muxer == "mpegts" else {}), "flush_packets": "1"}
        target, scheme = address.target, urlsplit(address.target).scheme.lower()
        if address.carrier is Carrier.FILE:
            # After a fault it goes on behind what is there.
            self._file = Path(target).open("ab")  # noqa: SIM115 - `close` closes it
            return av.open(self._file, "w", format=muxer, options=options)
        if address.carrier is Carrier.RTMP:
            if scheme == "rtmps":
                _check_certificate(target, timeout_s)
            options["flvflags"] = "no_duration_filesize"
        elif scheme == "udp":  # PyAV gives the protocol no options but those in the address
            target = _with(target, pkt_size="1316")
        else:
            target = _with(target, timeout=limit, listen_timeout=str(int(timeout_s * 1000)), send_buffer_size="262144")
        return av.open(target, "w", format=muxer, options=options, timeout=timeout_s)

    def _add_video(self, container: OutputContainer, form: OutputFormat) -> VideoStream:
        stream: Any = container.add_stream("libx264", rate=form.rate, options=x264_options(form))
        set_up(stream.codec_context, form, self._pictures.tags)
        stream.time_base = 1 / form.rate
        return cast(VideoStream, stream)

    def _lost(self, error: BaseException) -> UnwritableError:
        cause = self._socket.error if self._socket is not None and self._socket.error else error
        late = is_timeout(cause)
        why = "the receiver takes nothing" if late else reason_of(cause)
        return UnwritableError(f"{self._address}: {self._address.clean(why)}", "It is tried again.")


def _with(target: str, **wishes: str) -> str:
    """An address with wishes added that it does not hold yet."""
    parts = urlsplit(target)
    held = parse_qsl(parts.query)
    added = [(name, value) for name, value in wishes.items() if name not in dict(held)]
    return parts._replace(query=urlencode([*held, *added])).geturl()


def _check_certificate(target: str, timeout_s: float) -> None:
    """Ask the server for its certificate first: FFmpeg takes any. Raises OSError where it is not to be trusted."""
    parts = urlsplit(target)
    place = (parts.hostname or "", parts.port or 443)
    try:
        with (
            socket.create_connection(place, timeout=timeout_s) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=place[0]),
        ):
            return
    except ssl.SSLCertVerificationError as error:
        raise OSError(f"the server's certificate is not trusted: {error.verify_message}") from None


def need_encoder(address: OutputAddress) -> None:
    """Raise SettingError where FFmpeg has no x264."""
    try:
        Codec("libx264", "w")
    except ValueError:
        raise _missing(address, "the x264 encoder") from None


def _need_protocol(address: OutputAddress) -> None:
    """Call a port of this machine where nobody listens: FFmpeg says so when it does not know the scheme at all."""
    scheme = urlsplit(address.target).scheme.lower()
    try:
        with av.open(f"{'tcp' if scheme == 'udp' else scheme}://127.0.0.1:9/a/b", "w", format="mpegts") as container:
            stream: Any = container.add_stream("libx264", rate=Fraction(24))
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            container.start_encoding()
    except av.error.ProtocolNotFoundError:
        raise _missing(address, f"the {scheme} protocol") from None
    except (FFmpegError, OSError, ValueError):
        return


def _missing(address: OutputAddress, what: str) -> SettingError:
    return SettingError(
        f"{address}: the FFmpeg inside PyAV {av.__version__} has not {what}",
        "Install PyAV from its wheel, or use another output: docs/outputs.md says what runs where.",
    )


def _check_file(address: OutputAddress) -> None:
    path = Path(address.target)
    if path.exists():
        raise SettingError(f"{address}: is there already", "Name a new file: an output overwrites nothing.")
    if not path.absolute().parent.is_dir():
        raise SettingError(f"{address}: its folder does not exist", "Make the folder first.")
