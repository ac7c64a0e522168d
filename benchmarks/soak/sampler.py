"""What the server's processes use, looked at from outside."""

import contextlib
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a process and its children: MiB, counts, and seconds of processor time so far."""

    processes: int
    rss: float
    pss: float
    threads: int
    files: int
    cpu: float


def usage(process: psutil.Process) -> Usage | None:
    """None once it is gone."""
    rss = pss = cpu = 0.0
    count = threads = files = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return None
    for each in family:
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            times = each.cpu_times()
            rss += each.memory_info().rss / 2**20
            pss += _pss(each.pid)
            threads, files, count = threads + each.num_threads(), files + each.num_fds(), count + 1
            cpu += times.user + times.system
    return Usage(count, round(rss, 1), round(pss, 1), threads, files, round(cpu, 2)) if count else None


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def as_row(found: Usage | None) -> dict[str, float | str]:
    """For a table; empty when it was gone."""
    return {name: "" if found is None else asdict(found)[name] for name in Usage.__slots__}
