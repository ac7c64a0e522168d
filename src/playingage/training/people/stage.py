"""Puts a sitter of some age into a scene: the parts to paint, the camera, the lamps."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.training.people import beards, props
from playingage.training.people.assets import F32, Assets, Proxy, Surface
from playingage.training.people.body import (
    HEAD_CENTRE,
    LEFT_EYE,
    REFERENCE,
    RIGHT_EYE,
    Bodies,
    Pose,
    height,
    ramp,
    rotation,
)
from playingage.training.people.painter import Painter, Part, Value, clip_matrix, lamp_matrix
from playingage.training.people.scene import Occluder, Scene
from playingage.training.people.sitter import Sitter
from playingage.training.people.skins import CHART, SIZE, Skins, stage_weights
from playingage.training.people.wrinkles import Wrinkles

SKIN_MASK, HEAD_MASK, OCCLUDER_MASK = (1.0, 1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_CHART_UV = (CHART[0] / SIZE, CHART[1] / SIZE, CHART[2] / SIZE, CHART[3] / SIZE)
_HEAD_HAIR, _BROW_HAIR, _NO_HAIR = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0)
_WHITE = (0.36, 0.35, 0.335)


@dataclass(frozen=True)
class Staged:
    """What the painter needs for one picture."""

    parts: list[Part]
    to_clip: F32
    to_lamp: F32
    common: dict[str, Value]


@dataclass(frozen=True)
class Years:
    """What an age does to a sitter's looks. `stage` weighs the skins, the others are 0..1."""

    stage: tuple[float, float, float]
    lines: float
    spots: float
    grey: float
    yellow: float

    @classmethod
    def of(cls, sitter: Sitter, age: float) -> "Years":
        """Looks of the sitter at an age."""
        shown = age + 0.6 * (sitter.ageing - 1) * max(age - 25, 0)
        return cls(
            stage_weights(shown), ramp(shown, 28, 84) ** 1.4 * sitter.ageing, ramp(shown, 48, 92) * 0.9,
            float(1 / (1 + np.exp(-(age - sitter.grey_at) / 6.5))), ramp(age, 30, 90),
        )


class Stage:
    """Builds parts; keeps what does not depend on the scene."""

    def __init__(self, assets: Assets, painter: Painter, shade: F32) -> None:
        self.assets, self.painter, self.shade = assets, painter, shade
        self.bodies = Bodies(assets)
        self.skins = Skins(assets.root)
        self.wrinkles = Wrinkles(assets.base)
        self.charts = charts(assets)
        self._skin_of_sitter = lru_cache(64)(self._skin_textures)
        self._recent_wrinkles: list[str] = []

    def staged(self, sitter: Sitter, age: float, scene: Scene) -> Staged:
        """Everything for one picture."""
        pose, years = Pose.of(scene), Years.of(sitter, age)
        points = self.bodies.expressed(sitter, age, scene)
        fixed = self.bodies.aligned(sitter, REFERENCE)
        posed = pose(points)
        body = self.charts["all"]
        normals = props.normals(posed, body.vertex[body.tris])
        parts = self._skin_parts(sitter, scene, years, posed, normals)
        parts.append(self._cloth(scene, fixed, posed, normals))
        parts += self._inside(sitter, scene, years, points, pose)
        parts += self._hair(sitter, years, points, pose)
        parts += self._before(sitter, scene, fixed, pose)
        # what blends must come last: glass over hair over skin
        parts.sort(key=lambda p: 2 if p.values.get("opacity", 1.0) != 1.0 else int(p.kind == "hair"))
        centre, distance, to_clip = _camera(scene, fixed, pose)
        key = np.array(scene.lights[0].towards, np.float32)
        return Staged(parts, to_clip, lamp_matrix(key, centre), self._common(sitter, scene, centre, distance))

    def on_screen(self, sitter: Sitter, age: float, scene: Scene, size: int) -> F32:
        """Where the base points lie in the picture: (n, 3) x, y in pixels (top-left pixel centre at 0, 0), depth."""
        pose = Pose.of(scene)
        to_clip = _camera(scene, self.bodies.aligned(sitter, REFERENCE), pose)[2]
        posed = pose(self.bodies.expressed(sitter, age, scene))
        clip = posed @ to_clip[:, :3].T + to_clip[:, 3]
        x, y, depth = (clip[:, k] / clip[:, 3] for k in range(3))
        return np.stack(((x + 1) / 2 * size - 0.5, (1 - y) / 2 * size - 0.5, depth), 1).astype(np.float32)

    def _common(self, sitter: Sitter, scene: Scene, centre: F32, distance: float) -> dict[str, Value]:
        eye = centre + np.array((0, 0, distance))
        flesh = {"caucasian": 0.42, "asian": 0.38, "african": 0.09}[sitter.dominant] * sitter.tone[1]
        exposure = 1.15 * scene.exposure * (0.4 / flesh) ** 0.45  # a photographer opens up for dark skin, half way
        return {
            "eye": eye.tolist(), "towards": [x for light in scene.lights for x in light.towards],
            "lights": [x for light in scene.lights for x in light.colour],
            "sky": scene.sky, "ground": scene.ground, "side": scene.side,
            "soft": scene.soft, "exposure": exposure, "contrast": scene.contrast,
        }

    def _skin_textures(self, sitter: Sitter) -> dict[str, dict[str, str]]:
        skin = self.skins.of(sitter)
        name = f"skin/{sitter.sex}/{sitter.dominant}/{sitter.skin_variant % 2 if sitter.dominant == 'caucasian' else 0}"
        if not self.painter.texture(name + "/scalp"):
            for k, stage in enumerate(("young", "middle", "old")):
                self.painter.texture(f"{name}/head/{stage}", skin.head[k])
                level = np.full(skin.body[k].shape[:2], 128, np.uint8)
                self.painter.texture(f"{name}/body/{stage}", np.dstack((skin.body[k], level)))
            self.painter.texture(name + "/scalp", skin.scalp)
        out: dict[str, dict[str, str]] = {}
        for chart in ("head", "body"):
            out[chart] = {s: f"{name}/{chart}/{s}" for s in ("young", "middle", "old")} | {"scalp": name + "/scalp"}
        return out

    def _wrinkle_texture(self, sitter: Sitter) -> str:
        name = f"wrinkles/{sitter.seed}"
        if not self.painter.texture(name):
            self.painter.texture(name, self.wrinkles.of(sitter.seed))
            self._recent_wrinkles.append(name)
            if len(self._recent_wrinkles) > 32:
                self.painter.forget(self._recent_wrinkles.pop(0))
        return name

    def _hair_colour(self, sitter: Sitter, grey: float) -> list[float]:
        return [c + grey * 0.8 * (w - c) for c, w in zip(sitter.hair_colour, _WHITE, strict=True)]

    def _skin_parts(self, sitter: Sitter, scene: Scene, years: Years, posed: F32, normals: F32) -> list[Part]:
        textures = self._skin_of_sitter(sitter)
        lines = self._wrinkle_texture(sitter)
        bald = sitter.hair == "none"
        shared: dict[str, Value] = {
            "stage": years.stage, "tone": sitter.tone, "shine": sitter.shine, "years": years.lines,
            "hair": self._hair_colour(sitter, years.grey), "painted": 0.4 if bald else 1.0,
            "blotch": years.spots * (0.9 if sitter.dominant == "caucasian" else 0.45), "wet": (0.0, 0.0, 0.0),
            "beard": [0.8 * c for c in sitter.hair_colour], "bearded": beards.strength(sitter.beard),
            "frost": years.grey, "white": _WHITE,
        }
        grown = beards.density(self.assets.base.points, sitter.beard)
        head = {**shared, "chart": _CHART_UV, "relief": 1.0, "mask": SKIN_MASK}
        rest: dict[str, Value] = {**shared, "chart": (0.0, 0.0, 1.0, 1.0), "relief": 0.0}
        parts = [Part("skin", posed, normals, self.charts["head"], self.shade, grown, head,
                      textures["head"] | {"wrinkles": lines})]
        for chart, mask, wet in (("torso", (1.0, 0.0, 0.0), 0.0), ("mouth", HEAD_MASK, 0.5)):
            parts.append(Part("skin", posed, normals, self.charts[chart], self.shade, 0.0 if wet else grown,
                              {**rest, "mask": mask, "wet": (wet, 0.0, 0.0)}, textures["body"] | {"wrinkles": lines}))
        return parts

    def _cloth(self, scene: Scene, fixed: F32, posed: F32, normals: F32) -> Part:
        values: dict[str, Value] = {"colour": scene.cloth, "mask": (0.0, 0.0, 0.0, 1.0), "opacity": 1.0,
                                    "neckline": scene.neckline, "gloss": 0.0, "weave": 1.0}
        return Part("plain", posed + normals * np.float32(0.035), normals, self.charts["torso"], self.shade,
                    height(fixed), values)

    def _inside(self, sitter: Sitter, scene: Scene, years: Years, points: F32, pose: Pose) -> list[Part]:
        """Eyes, teeth, tongue."""
        eyes = self.assets.proxy("eyes/high-poly")
        balls = eyes.fit(points)
        for side in (balls[:, 0] > 0, balls[:, 0] < 0):
            middle = (balls[side].max(0) + balls[side].min(0)) / 2
            balls[side] = (balls[side] - middle) @ rotation(scene.gaze[0], scene.gaze[1], 0).T + middle
        iris = f"eyes/colours/{sitter.iris}.png"
        white = 1 - 0.12 * years.yellow
        tint = (white, white * 0.99, white * (1 - 0.1 * years.yellow))
        parts = [self._wet(eyes, pose(balls), iris, tint, 1.0, 1.0, 0.95)]
        if not any(name in ("mouth-open", "mouth-parling", "mouth-part-later", "mouth-depression-retraction",
                            "mouth-upward-retraction", "mouth-eversion") for name, _ in scene.expression):
            return parts
        teeth = self.assets.proxy(f"proxies/teeth/{sitter.teeth}")
        tint = (0.95 - 0.2 * years.yellow, 0.93 - 0.27 * years.yellow, 0.88 - 0.38 * years.yellow)
        image = "proxies/teeth/materials/teeth.png"
        parts.append(self._wet(teeth, pose(teeth.fit(points)), image, tint, 0.0, 0.35, 1.1))
        tongue = self.charts["tongue"]
        at = pose(points)
        values: dict[str, Value] = {"colour": (0.35, 0.10, 0.09), "mask": (*HEAD_MASK, 1.0), "opacity": 1.0,
                                    "neckline": 99.0, "gloss": 0.6, "weave": 0.0}
        parts.append(Part("plain", at, props.normals(at, tongue.vertex[tongue.tris]), tongue, 0.3, 0.0, values))
        return parts

    def _wet(
        self, proxy: Proxy, at: F32, image: str, tint: tuple[float, float, float], ball: float, wetness: float,
        dim: float,
    ) -> Part:
        self._file_texture(image)
        values: dict[str, Value] = {"tint": tint, "ball": ball, "wetness": wetness, "dim": dim}
        surface = proxy.surface
        return Part("wet", at, props.normals(at, surface.vertex[surface.tris]), surface, 1.0, 0.0, values,
                    {"colours": image}, casts=0.5 if ball == 0 else -1.0)

    def _hair(self, sitter: Sitter, years: Years, points: F32, pose: Pose) -> list[Part]:
        centre = pose(HEAD_CENTRE[None])[0].tolist()
        parts = []
        wanted = [(f"proxies/eyebrows/{sitter.brows}", (*SKIN_MASK, 0.0), _BROW_HAIR, 0.0, 0.55, 0.02),
                  (f"proxies/eyelashes/{sitter.lashes}", (*HEAD_MASK, 0.0), _NO_HAIR, 0.0, 0.1, 0.0)]
        if sitter.hair != "none":
            wanted.append((f"proxies/hair/{sitter.hair}", (*HEAD_MASK, 1.0), _HEAD_HAIR, 0.55, 1.0, 0.5))
        for folder, mask, kind, round_, greys, gloss in wanted:
            proxy = self.assets.proxy(folder)
            (file,) = sorted((self.assets.root / folder).glob("*.png"))
            image = file.relative_to(self.assets.root).as_posix()
            mean = self._file_texture(image)
            at = pose(proxy.fit(points))
            dark = 1.0 if round_ else 0.6
            values: dict[str, Value] = {
                "colour": [c * dark for c in sitter.hair_colour], "mean": mean, "grey": years.grey * greys,
                "white": _WHITE, "centre": centre, "mask": mask, "kind": kind, "round_": round_,
                "gloss": gloss,
                "thin": 0.45 if "eyelashes" in folder and sitter.sex == "male" else 1.0,
            }
            normals = props.normals(at, proxy.surface.vertex[proxy.surface.tris])
            passes, casts = ((1, 2), 0.5) if round_ else ((3,), -1.0)
            parts.append(Part("hair", at, normals, proxy.surface, 0.9, 0.0, values, {"colours": image}, passes, casts))
        return parts

    def _file_texture(self, name: str) -> float:
        """Loads a picture of the assets as a texture; answers its mean linear luminance where it is solid."""
        pixels, mean = self._image(name)
        if not self.painter.texture(name):
            self.painter.texture(name, pixels)
        return mean

    @lru_cache(128)  # noqa: B019 - a stage lives as long as its process
    def _image(self, name: str) -> tuple[NDArray[np.uint8], float]:
        image = cv2.imread(str(self.assets.root / name), cv2.IMREAD_UNCHANGED)
        assert image is not None, name
        rgba = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA), np.uint8)
        grey = (rgba[..., :3].astype(np.float32) / 255) ** 2.2 @ np.array((0.3, 0.6, 0.1), np.float32)
        solid = rgba[..., 3] > 128
        return rgba, float(max(grey[solid].mean(), 1e-4)) if solid.any() else 1.0

    def _before(self, sitter: Sitter, scene: Scene, fixed: F32, pose: Pose) -> list[Part]:
        """Glasses and occluders; they are placed by the sitter at REFERENCE, so that they are the same at every age."""
        parts: list[Part] = []
        if scene.glasses is not None:
            left, right = fixed[LEFT_EYE].mean(0), fixed[RIGHT_EYE].mean(0)
            head = fixed[self.charts["head"].vertex]
            ear = head[(np.abs(head[:, 1] - left[1]) < 0.1) & (head[:, 2] < 0.7)]
            ear = ear[np.argmax(ear[:, 0])] + np.array((-0.06, 0.12, 0.0), np.float32)
            frame, lens = props.glasses(scene.glasses, left, right, float(left[2]) + 0.31, ear)
            parts.append(_thing(pose(frame[0]), frame[1], scene.glasses.colour, 1.0, 1.0, 1.0))
            if scene.glasses.tint:
                parts.append(_thing(pose(lens[0]), lens[1], (0.02, 0.02, 0.02), scene.glasses.tint,
                                    float(scene.glasses.tint > 0.3) * scene.glasses.tint, 1.0, -1.0))
        mouth = pose(np.array(((0.0, 6.85, 1.5),), np.float32))[0]
        for item in scene.occluders:
            place = mouth + np.array(item.place, np.float32)
            if item.kind.startswith("hand"):
                face = pose(fixed[self.charts["head"].vertex])
                parts.append(self._hand(sitter, item, place, fixed, face))
            else:
                points, tris = props.solid(item.kind, item.size)
                parts.append(_thing(points @ rotation(*item.turn).T + place, tris, item.colour, 1.0, 1.0, 0.3))
        return parts

    def _hand(self, sitter: Sitter, item: Occluder, place: F32, fixed: F32, face: F32) -> Part:
        """A hand of the sitter, moved along z until it touches the `face` (points) and then by what the scene asks."""
        left = item.kind == "hand-left"
        surface = self.charts["hand-left" if left else "hand-right"]
        joints = self.assets.base.groups
        side = "l" if left else "r"

        def joint(name: str) -> F32:
            out: F32 = fixed[joints[f"joint-{side}-{name}"].vertex].mean(0)
            return out

        up = joint("finger-3-3") - joint("hand")
        across = joint("finger-2-1") - joint("finger-5-1")
        up /= np.linalg.norm(up)
        back = np.cross(across, up) * (1 if left else -1)
        back /= np.linalg.norm(back)
        frame = np.stack((np.cross(up, back), up, back))  # rows: right, up, towards the camera
        middle = joint("finger-3-1")
        at = ((fixed - middle) @ frame.T) @ rotation(*item.turn).T + place
        at = at.astype(np.float32)
        if item.touches:
            at[:, 2] += _clearance(at[np.unique(surface.vertex)], face) + np.float32(item.place[2] + 0.04)
        textures = self._skin_of_sitter(sitter)["body"] | {"wrinkles": self._wrinkle_texture(sitter)}
        values: dict[str, Value] = {
            "stage": stage_weights(REFERENCE), "tone": sitter.tone, "shine": 0.4, "years": 0.0, "hair": (0.0, 0.0, 0.0),
            "painted": 0.0, "blotch": 0.0, "wet": (0.0, 0.0, 0.0), "chart": (0.0, 0.0, 1.0, 1.0), "relief": 0.0,
            "mask": OCCLUDER_MASK, "beard": (0.0, 0.0, 0.0), "bearded": 0.0, "frost": 0.0, "white": _WHITE,
        }
        return Part("skin", at, props.normals(at, surface.vertex[surface.tris]), surface, 0.95, 0.0, values, textures)


def _camera(scene: Scene, fixed: F32, pose: Pose) -> tuple[F32, float, F32]:
    """The head's centre, the camera's distance from it (dm), and the matrix to clip space."""
    centre = pose(HEAD_CENTRE[None])[0]
    focal = float(1 / np.tan(np.radians(scene.fov) / 2))
    gap = float(np.linalg.norm(fixed[LEFT_EYE].mean(0) - fixed[RIGHT_EYE].mean(0)))
    distance = focal * gap / (2 * scene.eye_gap) + 0.7  # the eyes lie before the head's centre
    return centre, distance, clip_matrix(focal, distance, centre, scene.shift)


def _thing(
    points: F32, tris: NDArray[np.int32], colour: tuple[float, float, float], opacity: float, mask: float, gloss: float,
    casts: float = 0.0,
) -> Part:
    at = np.asarray(points, np.float32)
    surface = Surface(np.arange(len(at), dtype=np.int32), np.zeros((len(at), 2), np.float32), tris)
    values: dict[str, Value] = {"colour": colour, "mask": (*OCCLUDER_MASK, mask), "opacity": opacity, "neckline": 99.0,
                                "gloss": gloss, "weave": 0.0}
    return Part("plain", at, props.normals(at, tris), surface, 1.0, 0.0, values, casts=casts)


def _clearance(thing: F32, face: F32) -> np.float32:
    """How far `thing` must move along z to touch `face`; points, compared in columns of 0.08 dm."""
    low, columns = np.float32(-6.0), 160  # wide enough for every pose
    depth = np.full((columns, columns), -99.0, np.float32)

    def cells(points: F32) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        k = np.clip((points[:, :2] - (0.0, 6.5) - low) / 0.08, 0, columns - 1).astype(np.int32)
        return k[:, 1], k[:, 0]

    np.maximum.at(depth, cells(face), face[:, 2])
    depth = np.asarray(cv2.dilate(depth, np.ones((3, 3), np.uint8)), np.float32)
    return np.float32(max((depth[cells(thing)] - thing[:, 2]).max(), -3.0))


def charts(assets: Assets) -> dict[str, Surface]:
    """The parts of the base mesh that are drawn, by where they lie in the texture."""
    body = assets.base.groups["body"]
    uv, at = body.uv[body.tris].mean(1), assets.base.points[body.vertex[body.tris]].mean(1)
    head = (uv[:, 0] > 0.641) & (uv[:, 1] > 0.149) & (at[:, 1] > 6.0)
    mouth = (uv[:, 0] > 0.757) & (uv[:, 1] < 0.137) & (at[:, 1] > 6.0)
    sockets = (uv[:, 0] < 0.152) & (uv[:, 1] > 0.546) & (uv[:, 1] < 0.634) & (at[:, 1] > 7)
    torso = (at[:, 1] > 3.5) & ~head & ~mouth & ~sockets
    arm = (np.abs(at[:, 0]) > 3.0) & (at[:, 1] < 3.6) & (at[:, 1] > 1.0)
    return {
        "head": body.only(head), "mouth": body.only(mouth | sockets), "torso": body.only(torso),
        "all": body.only(head | mouth | sockets | torso), "tongue": assets.base.groups["helper-tongue"],
        "hand-left": body.only(arm & (at[:, 0] > 0)), "hand-right": body.only(arm & (at[:, 0] < 0)),
    }
