"""Learning to parse heads: truth, samples, training that goes on, export."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")

from playingage.demo.portrait import PORTRAIT  # noqa: E402
from playingage.engine import Engine, Reager  # noqa: E402
from playingage.faces import FaceFinder  # noqa: E402
from playingage.models.parsing import MASKS, SIDE  # noqa: E402
from playingage.runtime import Network, choose_device  # noqa: E402
from playingage.training.parsing.cut import cut  # noqa: E402
from playingage.training.parsing.examples import WIDE, Example, store, stored, to_example  # noqa: E402
from playingage.training.parsing.export import export_parser  # noqa: E402
from playingage.training.parsing.network import ParseNetwork  # noqa: E402
from playingage.training.parsing.samples import HeadSamples, SamplesConfig  # noqa: E402
from playingage.training.parsing.train import ParsingConfig, doubtful, overlap, train  # noqa: E402
from playingage.training.people import People  # noqa: E402
from playingage.training.portraits import Entry  # noqa: E402
from playingage.training.split import held_out  # noqa: E402

HAIR, FACE, NECK, BEARD = (MASKS.index(name) for name in ("hair", "face", "neck", "beard"))


@pytest.fixture(scope="module")
def example() -> Example:
    """NASA's portrait, cut."""
    entry = Entry(name="nasa", person="nasa", sex="F", age=45, kind="portrait", path=PORTRAIT)
    found = cut(entry, FaceFinder.load())
    assert found is not None
    return found


@pytest.fixture(scope="module")
def samples(example: Example) -> HeadSamples:
    turned = replace(example, name="turned", rgb=np.ascontiguousarray(example.rgb[:, ::-1]),
                     masks=np.ascontiguousarray(example.masks[:, ::-1]))
    ground = np.random.default_rng(2).random((64, 64, 3), dtype=np.float32)
    return HeadSamples([example], [turned], [ground], SamplesConfig())


def test_a_portrait_is_cut_along_its_colours(example: Example) -> None:
    hair, face = example.masks[..., HAIR] > 127, example.masks[..., FACE] > 127
    eyes = int((WIDE - SIDE) / 2 + 0.42 * SIDE)
    assert hair[eyes - 60 : eyes - 45, 110:130].mean() > 0.8, "above the forehead"
    assert not hair[eyes : eyes + 30, 105:135].any() and face[eyes + 12 : eyes + 25, 100:140].mean() > 0.8
    assert not example.masks[..., BEARD].any()
    assert not (hair & (example.cover < 128)).any()


def test_examples_come_back_from_disk(example: Example, tmp_path: Path) -> None:
    store(tmp_path / "some.npz", [example, example])
    back = stored(tmp_path / "some.npz")
    assert [e.name for e in back] == ["nasa", "nasa"]
    for key in ("rgb", "masks", "known", "cover"):
        assert np.array_equal(getattr(back[1], key), getattr(example, key))
    store(tmp_path / "none.npz", [])
    assert stored(tmp_path / "none.npz") == []


def test_large_pictures_are_reduced_to_the_same_place() -> None:
    plane = np.zeros((900, 900), np.uint8)
    plane[400:500, 300:400] = 255
    transform = np.array([[0.25, 0, 10], [0, 0.25, 5]], np.float32)
    small = to_example(plane, transform, outside=0)
    y, x = np.nonzero(small > 127)
    assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((85, 109, 105, 129), abs=1)


def test_samples_depend_on_their_seed_only(samples: HeadSamples) -> None:
    for key in range(6):
        one, same = (samples.batch(2, np.random.default_rng(key)) for _ in range(2))
        for a, b in zip(one, same, strict=True):
            assert torch.equal(a, b) and float(a.min()) >= 0 and float(a.max()) <= 1
    assert one[0].shape == (2, 3, SIDE, SIDE) and one[1].shape == one[2].shape == (2, len(MASKS), SIDE, SIDE)


def test_a_stopped_training_goes_on_as_if_it_had_not_stopped(samples: HeadSamples, tmp_path: Path) -> None:
    config = ParsingConfig(steps=3, batch=2, made=0, doubt=1, save_every=2)
    whole = train(samples, config, tmp_path / "a.pt")
    again = train(samples, config, tmp_path / "a.pt")  # from step 2
    for name, value in whole.state_dict().items():
        assert torch.allclose(value.float(), again.state_dict()[name].float(), atol=1e-5), name


def test_doubtful_portraits_are_named(example: Example) -> None:
    network = ParseNetwork().eval()
    assert doubtful(network, [example], 0.5) == ["nasa"], "an untrained network finds no hair"
    bald = replace(example, masks=np.zeros_like(example.masks))
    assert doubtful(network, [bald], 0.5) == []
    inner = slice((WIDE - SIDE) // 2, (WIDE + SIDE) // 2)
    both, either = overlap(example.masks[inner, inner, HAIR].astype(np.float32) / np.float32(255), example, "hair")
    assert both == either > 500


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"rate": 0}, {"doubt": 0}, {"beards": {"full": ("A000055",)}}])
def test_a_config_checks_itself(wrong: dict[str, object]) -> None:
    if "beards" in wrong:
        name = next(f"X{i}" for i in range(100) if held_out(f"X{i}"))
        wrong = {"beards": {"full": (name,)}}
    with pytest.raises(ValueError, match=r"least|positive|between|held out"):
        ParsingConfig(**wrong)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore")
def test_the_exported_network_is_what_the_engine_wants(tmp_path: Path) -> None:
    torch.manual_seed(3)
    path = export_parser(ParseNetwork().eval(), tmp_path / "parse.onnx")
    network = Network(path, choose_device("CPU"))
    assert network.inputs == {"head": (1, 3, SIDE, SIDE)} and network.outputs == {"masks": (1, len(MASKS), SIDE, SIDE)}


def test_a_rendered_person_turns_grey_where_the_truth_is_hair(people: People, engine: Engine) -> None:
    seed = next(s for s in range(4000, 5000) if held_out(f"made-{s}") and wanted(people, s))
    sitter = replace(people.sitter(seed), beard="full")
    scene = replace(people.scene(seed), eye_gap=0.12, yaw=8.0, body_yaw=8.0, roll=0.0, pitch=0.0)
    picture = people.render(sitter, 30, scene, 448)
    rgb = np.asarray(np.round(picture.rgb * 255), np.uint8)
    assert 0.01 < picture.beard.mean() < picture.hair.mean() < 0.3
    out, matte = Reager(engine)(rgb, age=82, source_age=30, return_matte=True)
    change = np.abs(out.astype(np.float32) - rgb).max(axis=2)
    hair, beard = cv2.erode(picture.hair, np.ones((5, 5))) > 0.9, cv2.erode(picture.beard, np.ones((5, 5))) > 0.9
    assert change[hair].mean() > 40 and matte[hair].mean() > 0.7 and matte[beard].mean() > 0.5
    away = cv2.dilate(np.maximum(picture.head, picture.hair), np.ones((25, 25))) < 0.01
    assert away.mean() > 0.3 and (change[away] > 0).mean() < 0.01


def wanted(people: People, seed: int) -> bool:
    """A man with dark short hair and nothing in front."""
    sitter, scene = people.sitter(seed), people.scene(seed)
    bare = not scene.occluders and scene.glasses is None
    return bare and sitter.sex == "male" and sitter.hair.startswith("short") and max(sitter.hair_colour) < 0.1
