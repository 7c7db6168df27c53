"""Run pip from a wheel or a folder, or get-pip.py (runs in the interpreter that pip is to work for)."""

import sys

# ``-c`` puts the current folder first; nothing there is ours.
if sys.path and sys.path[0] == "":
    del sys.path[0]

import json
import os
import runpy
import sysconfig


def has_distutils():
    """Say whether distutils is whole; looked for as a file, for setuptools complains once it was imported."""
    for folder in sys.path:
        package = os.path.join(folder, "distutils")
        if os.path.isfile(os.path.join(package, "__init__.py")):
            return os.path.isfile(os.path.join(package, "cmd.py"))
    return False


def lacks_distutils():
    """Say whether this Python ought to have distutils, but its distribution split it off."""
    return sys.version_info < (3, 12) and not has_distutils()


def main(job):
    """Do the job: ``place`` (what holds pip, or get-pip.py), ``arguments``, ``umask``."""
    # Whatever the caller's umask: what others may write is not to be trusted.
    os.umask(os.umask(0o022) | 0o022 if job["umask"] is None else job["umask"])
    if lacks_distutils():
        # pip's own switch: sysconfig instead of distutils for the install scheme.
        setattr(sysconfig, "_PIP_USE_SYSCONFIG", True)  # noqa: B010 - no type knows it
    if job["place"].endswith(".py"):
        sys.argv = [job["place"]] + job["arguments"]
        runpy.run_path(job["place"], run_name="__main__")
        return
    sys.path.insert(0, job["place"])
    sys.argv = ["pip"] + job["arguments"]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(json.loads(sys.stdin.read()))
