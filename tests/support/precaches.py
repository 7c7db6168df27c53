"""A small real precache for the Python that runs the tests, made without the image side."""

import hashlib
import os
import shutil
import sys
import sysconfig

from testnode_python import manifest
from testnode_python.tools import normalize, tool_named

from .wheels import make_tool, make_wheel, rebuild_wheel

LOCKED = "2026-11-01T00:00:00Z"
COMPANIONS = ("setuptools", "wheel", "packaging")


def target_name():
    """Return the name of the target that fits the running Python."""
    machine = sysconfig.get_platform().rpartition("-")[2]
    return "cp{}{}-linux_{}".format(sys.version_info[0], sys.version_info[1], machine)


def describe(path):
    """Return the manifest's entry for a wheel file."""
    name, version = os.path.basename(path).split("-")[:2]
    with open(path, "rb") as file:
        content = file.read()
    return manifest.Wheel(
        normalize(name), version, os.path.basename(path), hashlib.sha256(content).hexdigest(), len(content)
    )


def lock(*paths):
    """Return the lock of a tool whose own wheel comes first."""
    wheels = [describe(path) for path in paths]
    return manifest.Locked(wheels[0].version, wheels)


def make_precache(folder, tools=None, libc=("glibc", (2, 17))):
    """Make a precache with real pip and installer, and tools that answer ``--version``.

    :param str folder: where; it is made.
    :param dict tools: lists of wheel paths by tool, the tool's own first, which
        are copied; by default ``hello`` 1.0, which depends on ``greeting`` 2.0.
    :param tuple libc: floor of the target.
    :returns: the manifest.
    :rtype: manifest.Manifest
    """
    wheels = os.path.join(folder, "wheels")
    os.makedirs(wheels)
    os.chmod(folder, 0o755)
    os.chmod(wheels, 0o755)
    locks = {
        "pip": lock(rebuild_wheel("pip", wheels), *[make_wheel(wheels, name, "1.0") for name in COMPANIONS]),
        "installer": lock(rebuild_wheel("installer", wheels)),
    }
    if tools is None:
        hello = make_tool(wheels, "hello", "1.0", requires=["greeting"])
        tools = {"hello": [hello, make_wheel(wheels, "greeting", "2.0")]}
    for path in {path for paths in tools.values() for path in paths}:
        if os.path.dirname(path) != wheels:
            shutil.copy(path, wheels)
    locks.update({name: lock(*paths) for name, paths in tools.items()})
    target = manifest.Target(
        target_name(), "cpython", sys.version_info[:2], target_name().partition("linux_")[2], libc, locks
    )
    made = manifest.Manifest(
        "0" * 64, LOCKED, {name: tool_named(name) for name in locks}, {target.name: target}, {}
    )
    write_manifest(folder, made)
    return made


def write_manifest(folder, made):
    """Write a manifest into a precache."""
    path = os.path.join(folder, manifest.FILE_NAME)
    with open(path, "w") as file:
        file.write(manifest.dumps(made))
    os.chmod(path, 0o644)
    for name in os.listdir(os.path.join(folder, "wheels")):
        os.chmod(os.path.join(folder, "wheels", name), 0o644)
