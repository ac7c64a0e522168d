"""Networks (ONNX and TensorFlow Lite) on OpenVINO."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from playingage.core import DeviceError, ModelError

PRECISIONS = ("bf16", "f32")
_LOAD_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where and how networks run. `name` is OpenVINO's ("CPU", "GPU.0"), `precision` "bf16" or "f32"."""

    name: str
    description: str
    precision: str
    threads: int = 1

    def __str__(self) -> str:
        return f"{self.name} ({self.description}), {self.precision}, {self.threads} thread{'s'[: self.threads > 1]}"


@cache
def _core() -> Any:
    return ov.Core()


def list_devices() -> dict[str, str]:
    """OpenVINO's devices on this machine: name -> description."""
    core = _core()
    return {name: str(core.get_property(name, "FULL_DEVICE_NAME")).strip() for name in core.available_devices}


def choose_device(name: str = "CPU", *, precision: str | None = None, threads: int = 1) -> Device:
    """The device called `name`; `precision` None means bf16 where the device has it in hardware, else f32.

    Raises DeviceError when the device or the precision is not there: nothing else is used in its place.
    """
    devices = list_devices()
    if name.upper() not in devices:
        raise DeviceError(
            f"no device {name!r} on this machine", f"Choose one of: {', '.join(sorted(devices))} (option --device)."
        )
    name = name.upper()
    has_bf16 = "BF16" in _core().get_property(name, "OPTIMIZATION_CAPABILITIES")
    if precision is None:
        precision = "bf16" if has_bf16 else "f32"
    if precision not in PRECISIONS:
        raise DeviceError(f"unknown precision {precision!r}", f"Choose one of: {', '.join(PRECISIONS)}.")
    if precision == "bf16" and not has_bf16:
        raise DeviceError(f"{name} ({devices[name]}) has no bf16", "Choose the precision f32.")
    if threads < 1:
        raise DeviceError(f"{threads} threads cannot run a network", "Give 1 or more.")
    return Device(name=name, description=devices[name], precision=precision, threads=threads)


class Network:
    """A compiled network with one request. `run` is synchronous and gives the same output for the same input."""

    def __init__(self, source: Path | bytes, device: Device, *, precision: str | None = None, name: str = "") -> None:
        config: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": precision or device.precision,
        }
        if device.name == "CPU":
            config["INFERENCE_NUM_THREADS"] = device.threads
            # Pinned, every network of the process would sit on the same core and wait for the others.
            config["ENABLE_CPU_PINNING"] = False
        try:
            with _LOAD_LOCK:
                # Bytes that were checked by hash are compiled as they are; nothing is read a second time.
                model = _core().read_model(source) if isinstance(source, bytes) else _core().read_model(str(source))
                self._compiled = _core().compile_model(model, device.name, config)
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise ModelError(f"{name or source!r}: cannot be loaded as a network: {reason}") from error
        self._name = name or (source.name if isinstance(source, Path) else "a network")
        self._request = self._compiled.create_infer_request()
        self.inputs: dict[str, tuple[int, ...]] = {i.any_name: tuple(i.shape) for i in self._compiled.inputs}
        self.outputs: dict[str, tuple[int, ...]] = {o.any_name: tuple(o.shape) for o in self._compiled.outputs}
        # Bound once: handing arrays over and asking for them anew takes a third of a millisecond each time.
        request = self._request
        self.given: list[NDArray[np.float32]] = [request.get_input_tensor(i).data for i in range(len(self.inputs))]
        self._found = [request.get_output_tensor(i).data for i in range(len(self.outputs))]

    def run(self, values: Sequence[NDArray[Any]], *, borrow: bool = False) -> list[NDArray[np.float32]]:
        """Inputs in the network's order (the shapes of `inputs`) to outputs (float32), copied out of the run time.

        Where a value was written into its place in `given`, hand in that: it is not copied then. borrow: leave outputs
        where they are; the next run writes over them. Raises ModelError for outputs that are no numbers.
        """
        for own, value in zip(self.given, values, strict=True):
            if value is not own:
                if value.shape != own.shape:
                    raise ValueError(f"{self._name} wants {own.shape}, not {value.shape}")
                np.copyto(own, value)
        self._request.infer(share_outputs=True)
        for found in self._found:
            # A sum in float64 of float32 is finite unless something in it is not, and warns of nothing.
            if not isfinite(cv2.sumElems(found.reshape(-1))[0]):
                raise ModelError(f"{self._name}: the network gave something that is no number")
        return self._found if borrow else [np.array(found) for found in self._found]
