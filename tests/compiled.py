"""Networks compiled once in a test process: compiling those of one command takes a second, and hundreds of tests do."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import openvino as ov

from playingage.core import sha256_bytes

_MOST = 32


class RememberingCore:
    """OpenVINO, but what is compiled a second time, from the same bytes with the same settings, is handed out again.

    Each network still has requests of its own, so results are those of a network compiled anew.
    """

    def __init__(self) -> None:
        self._core = ov.Core()
        self._compiled: OrderedDict[tuple[object, ...], Any] = OrderedDict()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def read_model(self, source: str | bytes) -> "_Unread":
        if isinstance(source, str) and not Path(source).is_file():
            return self._core.read_model(source)  # type: ignore[no-any-return]  # raises what it raises
        return _Unread(source)

    def compile_model(self, unread: "_Unread", device: str, config: dict[str, Any]) -> Any:
        key = (unread.digest, device, *sorted((name, str(value)) for name, value in config.items()))
        if key not in self._compiled:
            self._compiled[key] = self._core.compile_model(self._core.read_model(unread.source), device, config)
            if len(self._compiled) > _MOST:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(key)
        return self._compiled[key]


class _Unread:
    """A network that is read only if it has to be."""

    def __init__(self, source: str | bytes) -> None:
        self.source = source
        self.digest = sha256_bytes(source if isinstance(source, bytes) else Path(source).read_bytes())
