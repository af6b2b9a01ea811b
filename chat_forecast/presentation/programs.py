"""Modules of this package run as programs of their own, for what would stay in the memory of whoever does it.

Belongs here: starting one with this process's libraries, and waiting for it.
Does not belong here: what such a program does (:mod:`.vega_bundle`, :mod:`.drawing`).
"""

import os
import subprocess
import sys
import sysconfig


def run_program(module: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """Run a module with something on its standard input; nothing is imported from the folder that one happens to be in.

    Raises:
        OSError: no process could be started.
    """
    found_anyway = sysconfig.get_paths().values()
    libraries = os.pathsep.join(path for path in sys.path if path and path not in found_anyway)
    return subprocess.run(  # noqa: S603 - a module of this package
        [sys.executable, "-P", "-m", module],
        input=given,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": libraries},
    )
