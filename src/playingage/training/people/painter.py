"""Paints parts of a scene with OpenGL, on any driver that EGL offers; Mesa's llvmpipe needs no graphics card.

An instance belongs to the thread that made it. moderngl is imported when a painter is made, not before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from playingage.core import PlayingAgeError
from playingage.training.people import shaders
from playingage.training.people.assets import F32, Surface

Kind = Literal["skin", "wet", "hair", "plain"]
Value = float | int | Sequence[float]
_SHADOW_SIZE = 768
_TARGETS = 3  # colour, masks, hair
SOLID = 0.62  # alpha from which hair is drawn as solid; the shader knows the same number
_SOLID_KINDS = ("skin", "wet")
_REACH = 2.3  # half the width of what the shadow map sees, dm


class PaintError(PlayingAgeError):
    """No usable OpenGL."""


@dataclass(frozen=True)
class Part:
    """One mesh to paint: posed `points` and unit `normals` (n, 3), `shade` (n) 0..1 ambient light, `level` (n) height
    on the relaxed body of cloth or density of beard on skin, its surface, what the shader is told, and its textures by
    name.
    """

    kind: Kind
    points: F32
    normals: F32
    surface: Surface
    shade: F32 | float = 1.0
    level: F32 | float = 0.0
    values: Mapping[str, Value] = field(default_factory=dict)
    textures: Mapping[str, str] = field(default_factory=dict)
    passes: tuple[int, ...] = (0,)
    casts: float = 0.0  # alpha above which it throws a shadow; below 0 it throws none

    def packed(self) -> F32:
        """Interleaved corners (m, 10): point, normal, uv, shade and level."""
        ids = self.surface.vertex
        out = np.empty((len(ids), 10), np.float32)
        out[:, :3], out[:, 3:6], out[:, 6:8] = self.points[ids], self.normals[ids], self.surface.uv
        out[:, 8] = self.shade[ids] if isinstance(self.shade, np.ndarray) else self.shade
        out[:, 9] = self.level[ids] if isinstance(self.level, np.ndarray) else self.level
        return out


class Painter:
    """Programs, textures and targets. `paint` gives colour and masks; `depth` gives a depth picture."""

    def __init__(self) -> None:
        try:
            import moderngl
        except ImportError as error:
            raise PaintError("rendering people needs the package moderngl (extra: train)") from error
        try:
            options: dict[str, Any] = {"backend": "egl"}
            self.gl: Any = moderngl.create_context(standalone=True, require=330, **options)
        except Exception as error:
            raise PaintError(f"no OpenGL through EGL ({error}); install Mesa's EGL and llvmpipe drivers") from error
        self._moderngl = moderngl
        fragments = {"skin": shaders.SKIN, "wet": shaders.WET, "hair": shaders.HAIR, "plain": shaders.PLAIN}
        self._programs = {
            k: self.gl.program(vertex_shader=shaders.VERTEX, fragment_shader=f) for k, f in fragments.items()
        }
        self._depth_program = self.gl.program(vertex_shader=shaders.VERTEX, fragment_shader=shaders.DEPTH)
        self._shadow = self.gl.depth_texture((_SHADOW_SIZE, _SHADOW_SIZE))
        self._shadow.compare_func = "<="
        self._shadow_target = self.gl.framebuffer(depth_attachment=self._shadow)
        self._textures: dict[str, Any] = {}
        self._targets: dict[int, tuple[Any, Any]] = {}

    @property
    def renderer(self) -> str:
        """The driver's name, for records."""
        return str(self.gl.info["GL_RENDERER"])

    def texture(self, name: str, pixels: NDArray[np.uint8] | None = None) -> bool:
        """Keeps `pixels` (h, w, c) or (h, w) under `name`; says whether it is known (call without pixels to ask)."""
        if pixels is None:
            return name in self._textures
        if name in self._textures:
            self._textures.pop(name).release()
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        made = self.gl.texture(pixels.shape[1::-1], channels, np.ascontiguousarray(pixels).tobytes(), alignment=1)
        made.build_mipmaps()
        made.filter = (self._moderngl.LINEAR_MIPMAP_LINEAR, self._moderngl.LINEAR)
        self._textures[name] = made
        return True

    def forget(self, name: str) -> None:
        """Frees a texture."""
        if name in self._textures:
            self._textures.pop(name).release()

    def paint(
        self, parts: Sequence[Part], to_clip: F32, to_lamp: F32, common: Mapping[str, Value], size: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        """Display-encoded premultiplied colour with coverage, masks (skin, head, occluder) and hair (of the head, of
        the beard, brows): each (size, size, 4) uint8, top row first.
        """
        target, resolved = self._target(size)
        buffers = [self._upload(p) for p in parts]
        try:
            self._cast(parts, buffers, to_lamp)
            target.use()
            self.gl.viewport = (0, 0, size, size)
            target.clear(0.0, 0.0, 0.0, 0.0, 1.0)
            self.gl.enable(self._moderngl.DEPTH_TEST | self._moderngl.BLEND)
            one, alpha = self._moderngl.ONE, self._moderngl.SRC_ALPHA
            rest = self._moderngl.ONE_MINUS_SRC_ALPHA
            self.gl.blend_func = (alpha, rest, one, rest)
            self._first_depth(parts, buffers, to_clip)
            for part, (points, corners) in zip(parts, buffers, strict=True):
                self._draw(part, points, corners, {**common, **part.values}, to_clip, to_lamp)
            self.gl.copy_framebuffer(resolved, target)
            colour, masks, hair = (
                np.frombuffer(resolved.read(components=4, attachment=k), np.uint8).reshape(size, size, 4)[::-1]
                for k in range(_TARGETS)
            )
        finally:
            for points, corners in buffers:
                points.release()
                corners.release()
        return colour, masks, hair

    def depth(self, points: F32, surface: Surface, to_lamp: F32) -> F32:
        """Depth (768, 768) 0..1 of a mesh seen through `to_lamp`, bottom row first."""
        part = Part("plain", points, np.zeros_like(points), surface)
        buffers = self._upload(part)
        self._cast([part], [buffers], to_lamp)
        raw = np.frombuffer(self._shadow.read(alignment=1), np.float32)
        for b in buffers:
            b.release()
        return raw.reshape(_SHADOW_SIZE, _SHADOW_SIZE)

    def _target(self, size: int) -> tuple[Any, Any]:
        if size not in self._targets:
            shape = (size, size)
            each = [self.gl.renderbuffer(shape, 4, samples=4) for _ in range(_TARGETS)]
            many = self.gl.framebuffer(each, self.gl.depth_renderbuffer(shape, samples=4))
            plain = [self.gl.renderbuffer(shape, 4) for _ in range(_TARGETS)]
            self._targets[size] = (many, self.gl.framebuffer(plain))
        return self._targets[size]

    def _upload(self, part: Part) -> tuple[Any, Any]:
        return self.gl.buffer(part.packed().tobytes()), self.gl.buffer(part.surface.tris.astype("i4").tobytes())

    def _cast(self, parts: Sequence[Part], buffers: Sequence[tuple[Any, Any]], to_lamp: F32) -> None:
        self._shadow_target.use()
        self._shadow_target.viewport = (0, 0, _SHADOW_SIZE, _SHADOW_SIZE)
        self._shadow_target.clear(depth=1.0)
        self.gl.enable_only(self._moderngl.DEPTH_TEST)
        for part, (points, corners) in zip(parts, buffers, strict=True):
            if part.casts < 0:
                continue
            self._depths(part, (points, corners), to_lamp, part.casts)

    def _depths(self, part: Part, buffers: tuple[Any, Any], matrix: F32, alpha_test: float) -> None:
        program = self._depth_program
        _tell(program, {"to_clip": matrix.T.ravel().tolist(), "alpha_test": alpha_test, "colours": 0})
        if "colours" in part.textures:
            self._textures[part.textures["colours"]].use(0)
        array = self.gl.vertex_array(program, [(buffers[0], "3f 12x 2f 8x", "in_point", "in_uv")], buffers[1])
        array.render()
        array.release()

    def _first_depth(self, parts: Sequence[Part], buffers: Sequence[tuple[Any, Any]], to_clip: F32) -> None:
        """Lays down the depth of all that is solid, so that only what is seen is shaded."""
        self.gl.fbo.color_mask = ((False,) * 4,) * _TARGETS
        for part, pair in zip(parts, buffers, strict=True):
            if 1 in part.passes:
                self._depths(part, pair, to_clip, SOLID)
            elif part.kind in _SOLID_KINDS:
                self._cull(part)
                self._depths(part, pair, to_clip, 0.5 if part.kind == "wet" else 0.0)
        self.gl.disable(self._moderngl.CULL_FACE)
        self.gl.fbo.color_mask = ((True,) * 4,) * _TARGETS

    def _cull(self, part: Part) -> None:
        if part.kind == "skin":  # closed, and all its triangles turn the same way; the teeth's do not
            self.gl.enable(self._moderngl.CULL_FACE)
        else:
            self.gl.disable(self._moderngl.CULL_FACE)

    def _draw(
        self, part: Part, points: Any, corners: Any, values: Mapping[str, Value], to_clip: F32, to_lamp: F32
    ) -> None:
        program = self._programs[part.kind]
        _tell(program, values)
        _tell(program, {"to_clip": to_clip.T.ravel().tolist(), "to_lamp": to_lamp.T.ravel().tolist(), "shadow": 0})
        self._shadow.use(0)
        for unit, (name, texture) in enumerate(part.textures.items(), start=1):
            self._textures[texture].use(unit)
            _tell(program, {name: unit})
        layout = [(points, "3f 3f 2f 2f", "in_point", "in_normal", "in_uv", "in_extra")]
        array = self.gl.vertex_array(program, layout, corners, skip_errors=True)
        for number in part.passes:
            self.gl.depth_func = "==" if number == 1 else "<="  # what is solid lies on the depth laid down before
            self._cull(part)
            _tell(program, {"part": number})
            self.gl.depth_mask = number < 1 and float(_one(values.get("opacity", 1.0))) >= 1.0
            array.render()
        self.gl.depth_mask, self.gl.depth_func = True, "<"
        array.release()


def _one(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else float(value[0])


def _tell(program: Any, values: Mapping[str, Value]) -> None:
    for name, value in values.items():
        if name in program:  # a compiler drops what a shader does not use
            member = program[name]
            if isinstance(value, int | float):
                member.value = value
            elif member.array_length > 1:
                flat = list(value)
                step = len(flat) // member.array_length
                member.value = [tuple(flat[k : k + step]) for k in range(0, len(flat), step)]
            else:
                member.value = tuple(value)


def clip_matrix(focal: float, distance: float, centre: F32, shift: tuple[float, float]) -> F32:
    """World to clip space: `focal` in half-pictures, the camera `distance` dm before `centre`, `shift` in widths."""
    near, far = max(distance - 6.0, 0.5), distance + 8.0
    out = np.zeros((4, 4), np.float32)
    out[0, 0] = out[1, 1] = focal
    out[2, 2], out[2, 3], out[3, 2] = -(far + near) / (far - near), -2 * far * near / (far - near), -1.0
    move = np.eye(4, dtype=np.float32)
    move[:3, 3] = -centre - np.array((0, 0, distance), np.float32)
    out = out @ move
    out[0] += 2 * shift[0] * out[3]
    out[1] += 2 * shift[1] * out[3]
    return out.astype(np.float32)


def lamp_matrix(towards: F32, centre: F32) -> F32:
    """World to the clip space of a far lamp that looks at `centre` from direction `towards` (3, unit)."""
    ahead = -towards / np.linalg.norm(towards)
    helper = np.array((0.0, 1.0, 0.0)) if abs(ahead[1]) < 0.95 else np.array((1.0, 0.0, 0.0))
    right = np.cross(ahead, helper)
    right /= np.linalg.norm(right)
    up = np.cross(right, ahead)
    out = np.eye(4)
    for row, axis in enumerate((right, up, ahead)):
        out[row, :3] = axis / (_REACH if row < 2 else 2 * _REACH)
        out[row, 3] = -float(axis @ centre) / (_REACH if row < 2 else 2 * _REACH)
    return out.astype(np.float32)
