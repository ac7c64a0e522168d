"""By whom a performer is recognised: read, checked, written, and held to its page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from playingage.core import ModelError
from playingage.faces import identity as network
from playingage.models import IDENTITY_NETWORK, Identity, Likeness, default_package

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "model-package.md"


def document(**fields: Any) -> dict[str, Any]:
    people = [{"age": 30, "embedding": [0.1] * 128}, {"age": None, "embedding": [0.2] * 128, "x_note": "kept"}]
    made = {"format": "playingage-identity", "version": 1, "network": "dlib-resnet-v1", "people": people, "x_made": 3}
    return {**made, **fields}


def test_it_is_read_and_written_with_what_is_unknown() -> None:
    read = Identity.parse(json.dumps(document()).encode(), "here")
    assert [each.age for each in read.people] == [30, None]
    assert read.embeddings.shape == (2, 128) and read.embeddings.dtype == np.float32
    assert json.loads(read.to_bytes()) == json.loads(json.dumps(document()))


def test_it_names_the_network_that_finds_who_is_who() -> None:
    assert (IDENTITY_NETWORK, 128) == (network.NETWORK, network.LENGTH)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format": "other"}, "does not say format"), ({"version": 2}, "version 2"), ({"network": "arc-9"}, "'arc-9'"),
        ({"people": []}, "0 likenesses"), ({"people": None}, "no usable field"), ({"people": [3]}, "no usable field"),
        ({"people": [{"embedding": [0.1] * 127}]}, "128"), ({"people": [{"embedding": ["a"] * 128}]}, "numbers"),
        ({"people": [{"embedding": [float("nan")] * 128}]}, "numbers"), ({"people": [{"age": 30}]}, "embedding"),
        ({"people": [{"age": "old", "embedding": [0.1] * 128}]}, "'old'"),
        ({"people": [{"age": -4, "embedding": [0.1] * 128}]}, "-4"),
        ({"people": [{"age": 30, "embedding": [1e300] * 128}]}, "beyond 100"),
    ],
)
def test_what_is_wrong_is_said(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        Identity.parse(json.dumps(document(**fields)).encode(), "here")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"[" * 5000, b"\xff"])
def test_what_is_no_json_is_said(data: bytes) -> None:
    with pytest.raises(ModelError, match="here"):
        Identity.parse(data, "here")


def test_a_default_package_recognises_nobody() -> None:
    with pytest.raises(ModelError, match=r"holds no identity\.json"):
        Identity.of(default_package(256))


def test_an_embedding_that_is_none_is_not_made() -> None:
    with pytest.raises(ValueError, match="128"):
        Likeness(embedding=np.zeros(64, np.float32))


def test_the_page_shows_one_that_is_read() -> None:
    text = PAGE.read_text(encoding="utf-8").split("\n## identity.json\n")[1]
    example = json.loads(text.split("```json\n")[1].split("```")[0])
    for each in example["people"]:
        each["embedding"] = (each["embedding"] * 128)[:128]  # the page shows three of the numbers
    assert len(Identity.parse(json.dumps(example).encode(), "the page").people) == len(example["people"])
    for field in ("format", "version", "network", "people", "age", "embedding"):
        assert f"| `{field}` |" in text
