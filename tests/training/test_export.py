import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from playingage.core import ModelError, canonical_json, sha256_file  # noqa: E402
from playingage.models import CropReager, ModelPackage  # noqa: E402
from playingage.runtime import Network, choose_device  # noqa: E402
from playingage.training import export  # noqa: E402
from playingage.training.age_estimator import AgeNetwork  # noqa: E402
from playingage.training.export import PackageInfo, check_form, export_package, record_hash  # noqa: E402
from playingage.training.exported import Exported  # noqa: E402
from playingage.training.network import Emphasis, NetworkConfig, Reager, at_size  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
INFO = PackageInfo(name="small-256", created="2026-11-21", licence="Apache-2.0", record="0" * 64, card="# small\n")


def networks() -> tuple[Reager, AgeNetwork]:
    torch.manual_seed(2)
    reager = Reager(NetworkConfig(widths=(8, 16), depth=1, textures=2, places=2, edge=4))
    with torch.no_grad():
        for value in reager.parameters():
            value.add_(torch.randn_like(value) * 0.007)
    return reager, AgeNetwork(8, 8, 2)


def test_a_package_is_written_loaded_and_run(tmp_path: Path) -> None:
    folder = tmp_path / "small-256.pamodel"
    model = export_package(*networks(), 256, INFO, folder)
    assert (folder / "model.json").read_bytes() == canonical_json(model)
    assert ModelPackage.load(folder).spec.size == 256
    network = Network(folder / "reager.onnx", choose_device("CPU"))
    assert list(network.inputs) == ["crop", "source_age", "target_age"]
    assert network.outputs == {"delta": (1, 3, 256, 224), "matte": (1, 1, 256, 224)}
    age = np.full((1, 1, 64, 64), 0.4, np.float32)
    delta, _ = network.run([np.full((1, 3, 256, 256), 0.5, np.float32), age, age])
    assert np.abs(delta).max() < 1e-6
    assert b"/home" not in (folder / "reager.onnx").read_bytes()


def test_ages_and_result_fit_the_crop_whatever_the_network_takes(tmp_path: Path) -> None:
    """New packages take ages on a grid and leave out the crop's sides; older ones take and give the whole crop."""
    reager, age = networks()
    new, old = tmp_path / "new.pamodel", tmp_path / "old.pamodel"
    export_package(reager, age, 256, INFO, new)
    model = export_package(reager, age, 256, INFO, old)
    ages = torch.full((1, 1, 256, 256), 0.4)
    values = export.sample_crop(256), ages, ages + 0.2
    names = ["crop", "source_age", "target_age"], ["delta", "matte"]
    export.write_network(reager.eval(), values, *names, old / "reager.onnx")
    model["files"]["reager.onnx"] = sha256_file(old / "reager.onnx")
    (old / "model.json").write_bytes(canonical_json(model))
    crop = np.ascontiguousarray(export.sample_crop(256)[0].permute(1, 2, 0).numpy())
    target = np.full((256, 256), 35, np.float32)
    target[:128] = 60
    device = choose_device("CPU", precision="f32")
    changes = []
    for folder in (new, old):
        delta, matte = CropReager(ModelPackage.load(folder), device)(crop, 35, target)
        assert delta.shape == (256, 256, 3) and matte.shape == (256, 256)
        assert np.abs(delta[134:]).max() < 1e-3 < np.abs(delta[:122]).max()
        changes.append((delta * matte[..., None])[12:122, 28:-28])
    assert np.abs(changes[0] - changes[1]).max() < 1 / 255
    assert np.abs(delta).max() > 10 / 255


def test_a_form_that_differs_is_refused() -> None:
    reager = at_size(networks()[0], 256)
    exported = Exported(at_size(reager, 256, Emphasis(older=3.0)))
    with pytest.raises(ModelError, match="exported form differs"):
        check_form(reager, exported, export.sample_crop(256))


def test_a_network_that_went_wrong_on_the_way_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "compare_network", lambda *_: (_ for _ in ()).throw(ModelError("differs")))
    with pytest.raises(ModelError, match="differs"):
        export_package(*networks(), 256, INFO, tmp_path / "bad.pamodel")
    assert not (tmp_path / "bad.pamodel" / "model.json").exists()


def test_the_shipped_packages_name_their_files() -> None:
    packages = Path(export.__file__).parents[1] / "models" / "packages"
    total = 0
    for size in (256, 512):
        folder = packages / f"default-{size}.pamodel"
        model = json.loads((folder / "model.json").read_text())
        assert model["size"] == size
        assert "FairFace" in (folder / "card.md").read_text(encoding="utf-8")
        for name, digest in model["files"].items():
            assert sha256_file(folder / name) == digest
            total += (folder / name).stat().st_size
    assert total < 40e6


def test_record_is_canonical(tmp_path: Path) -> None:
    digest = record_hash({"b": 1, "a": [2]}, tmp_path / "record.json")
    assert digest == sha256_file(tmp_path / "record.json")
    assert (tmp_path / "record.json").read_bytes() == b'{"a":[2],"b":1}'
