"""Which devices learn, and in how many processes: chosen openly, by way of Lightning Fabric."""

import os
import warnings
from typing import Literal, cast

import torch
from lightning_fabric import Fabric

from playingage.core import DeviceError, SettingError
from playingage.training.run.settings import RunSettings


def launched(settings: RunSettings) -> tuple[Fabric, str]:
    """Fabric, with its processes started, and the device in words. Raises DeviceError.

    Under `torchrun` each process is there already and takes its place; else Fabric starts further ones for more than
    one device. On a processor each "device" is a process.
    """
    kind = _accelerator(settings.accelerator)
    here, machines = _processes(settings)
    if kind == "cuda" and here > torch.cuda.device_count():
        raise DeviceError(
            f"{here} graphics cards were asked for, this machine has {torch.cuda.device_count()}",
            "Give fewer with --devices.",
        )
    with warnings.catch_warnings():
        # Fabric remarks on SLURM, on processors and the like; what is used is said in our own words.
        warnings.simplefilter("ignore")
        fabric = Fabric(
            accelerator=kind, devices=here, num_nodes=machines, strategy="ddp" if here * machines > 1 else "auto",
            precision=cast("Literal['32-true', 'bf16-mixed']", settings.precision),
        )
        fabric.launch()
    threads = torch.get_num_threads()
    processor = f"CPU, {threads} thread{'s' if threads > 1 else ''}"
    name = torch.cuda.get_device_name(fabric.device) if kind == "cuda" else processor
    count = f"{fabric.world_size} x " if fabric.world_size > 1 else ""
    return fabric, f"{count}{name}, {settings.precision}"


def first_process() -> bool:
    """Whether this process is the one that writes and speaks, as far as can be told before anything is launched."""
    return os.environ.get("RANK", "0") == "0" and os.environ.get("LOCAL_RANK", "0") == "0"


def _accelerator(asked: str) -> str:
    there = torch.cuda.is_available()
    if asked == "cuda" and not there:
        raise DeviceError("there is no graphics card that torch can use", "Use --device cpu, or install its driver.")
    return "cpu" if asked == "cpu" or not there else "cuda"


def _processes(settings: RunSettings) -> tuple[int, int]:
    """(processes in this machine, machines)."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return settings.devices, 1
    here, all_of_them = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
    if settings.devices not in (1, all_of_them):
        raise SettingError(
            f"torchrun started {all_of_them} processes, but --devices {settings.devices} is asked for",
            "Leave --devices out under torchrun.",
        )
    return here, all_of_them // here
