"""Where do the kernels of a run come from? From a process that has imported all they need (`nursery`), else each anew.

Forking is what Linux does well; elsewhere, and where that process cannot be had, every kernel is started by itself as
Jupyter does. Both give the same notebooks. What a kernel is for is left to `notebook`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

import psutil
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

FORKED = "touchstone-forked"
_FORKS = sys.platform == "linux"


class Begun:
    """A forked kernel's process, as far as Jupyter asks for it: the grandchild of this process."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        try:
            self._process: psutil.Process | None = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._process = None

    def poll(self) -> int | None:
        """None while it runs; afterwards 0, since how it ended is not told to this process."""
        if self.returncode is None and not self._runs():
            self.returncode = 0
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended."""
        if self._process is not None:
            self._process.wait(timeout)
        self.returncode = 0
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to it, if it still runs."""
        if self._process is not None and self._runs():
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it now."""
        if self._process is not None and self._runs():
            self._process.kill()

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process is not None and self._runs():
            self._process.terminate()

    def _runs(self) -> bool:
        try:
            one = self._process
            return one is not None and one.is_running() and one.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class Nursery:
    """The process that kernels are forked from, until it is closed.

    Parameters
    ----------
    environment : mapping of str to str
        What it imports under: threads and hash seed as in every kernel.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "analysis.runner.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            text=True,
            start_new_session=True,
        )

    def begin(self, file: str, environment: Mapping[str, str], folder: str) -> Begun | None:
        """A kernel that reads this connection file; None where it cannot be forked."""
        line = json.dumps({"file": file, "env": dict(environment), "cwd": folder})
        try:
            with self._lock:
                assert self._process.stdin is not None
                assert self._process.stdout is not None
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()
                answer = self._process.stdout.readline()
            return Begun(int(answer))
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """End it; a kernel that still runs ends with it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.kill()
        self._process.wait()


def nursery(environment: Mapping[str, str]) -> Nursery | None:
    """The process that kernels can be forked from; None where they are started one by one."""
    if not _FORKS or os.environ.get("TOUCHSTONE_KERNELS") == "fresh":
        return None
    try:
        return Nursery(environment)
    except OSError:
        return None


class Forked(LocalProvisioner):
    """Takes a kernel from the nursery that its manager names; where there is none, starts one."""

    async def launch_kernel(self, cmd: list[str], **given: Any) -> Any:
        """Start the kernel."""
        source = getattr(self.parent, "nursery", None)
        folder = given.get("cwd") or os.getcwd()
        begun = None if source is None else source.begin(cmd[cmd.index("-f") + 1], given["env"], str(folder))
        if begun is None:
            return await super().launch_kernel(cmd, **given)
        self.process = begun
        self.pid = self.pgid = begun.pid  # it leads a session of its own
        return self.connection_info


def stanza() -> dict[str, Any]:
    """What a kernel's specification says so that `Forked` starts it."""
    known = KernelProvisionerFactory.instance().provisioners
    known.setdefault(FORKED, EntryPoint(FORKED, f"{__name__}:Forked", KernelProvisionerFactory.GROUP_NAME))
    return {"kernel_provisioner": {"provisioner_name": FORKED}}
