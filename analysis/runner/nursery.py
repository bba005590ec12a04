"""How does a notebook's kernel start without importing everything anew? It is forked from a process that has done so.

This is that process: it imports what notebooks use, then forks a kernel for every line it is asked in, each in a clean
environment, a folder and a session of its own. It computes nothing, opens no table and starts no thread, so that a fork
is what a fresh process would be. When the run that asked ends, however it ends, so do this process and its kernels.
Asking is left to `kernels`.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import signal
import sys
from importlib import import_module
from typing import Any

PACKAGES = ("analysis.reporting.charts", "analysis.reporting.tables")
MODULES = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib.backends.backend_agg",
    "scipy.optimize",
    "scipy.stats",
    "analysis.runner.opening",
    "analysis.runner.steps",
    "analysis.runner.plans",
    "analysis.runner.counted",
    "analysis.studies.channel",
    "analysis.metrics.compute",
)


def prepare() -> None:
    """Import what notebooks use. What cannot be imported is left to the notebook that needs it, and told there."""
    for package in PACKAGES:
        for found in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
            import_module(found.name)
    for name in MODULES:
        import_module(name)


def serve() -> None:
    """Fork a kernel for each line of JSON that comes in, and answer with its process number, until no more can come."""
    asked, answers = os.fdopen(os.dup(0), "r", encoding="utf-8"), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended kernels leave nothing behind
    gc.disable()
    try:
        prepare()
    except Exception as error:
        sys.stderr.write(f"Kernels start slowly: {type(error).__name__}: {error}\n")
    gc.freeze()  # what is imported stays: a kernel that looks through it for cycles loses a tenth of its time
    nursery = os.getpid()
    for line in asked:
        if os.fork() == 0:
            os.setsid()
            os.write(answers, f"{os.getpid()}\n".encode())
            os.close(answers)
            asked.close()
            _kernel(json.loads(line), nursery)
            os._exit(0)


def _kernel(given: dict[str, Any], nursery: int) -> None:
    """Be the kernel that was asked for."""
    gc.enable()
    for number in (signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(given["env"])
    os.chdir(given["cwd"])
    import tempfile

    tempfile.tempdir = None  # it is another one now
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", "-f", given["file"]]
    sys.modules.pop("__main__", None)
    status = 1
    try:
        flags = [f"--IPKernelApp.parent_handle={nursery}", "--HistoryManager.enabled=False"]  # nobody types here
        IPKernelApp.launch_instance(argv=["-f", given["file"], *flags])
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    sys.path[:] = [one for one in sys.path if one not in ("", os.getcwd())] + [""]
    serve()
