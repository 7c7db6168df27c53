"""A small real precache for the Python that runs the tests, made without the image side."""

import atexit
import functools
import hashlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile

from testnode_python import ladder, manifest
from testnode_python.errors import NotReadyError
from testnode_python.tools import normalize, tool_named

from .nodes import InAFolder, clean_environ, make_node, make_request
from .wheels import make_tool, make_wheel, rebuild_wheel

LOCKED = "2026-11-01T00:00:00Z"
COMPANIONS = ("setuptools", "wheel", "packaging")
# The last installer for Python 3.6 stands on two backports.
INSTALLER = ("installer",) if sys.version_info >= (3, 7) else ("installer", "importlib_resources", "zipp")


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
        "pip": lock(
            rebuild_wheel("pip", wheels),
            *[make_wheel(wheels, name, "1.0", {name + "/__init__.py": ""}) for name in COMPANIONS],
        ),
        "installer": lock(*[rebuild_wheel(name, wheels) for name in INSTALLER]),
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


@functools.lru_cache(maxsize=None)
def _template():
    """Make the default precache once per process: packing pip again takes a while."""
    folder = tempfile.mkdtemp(prefix="testnode-test-")
    atexit.register(shutil.rmtree, folder)
    make_precache(os.path.join(folder, "precache"))
    return os.path.join(folder, "precache")


class HasPrecache(InAFolder):
    """Has a precache of its own, ``precache``, and an empty home, ``home``."""

    def setUp(self):
        super().setUp()
        self.precache = os.path.join(self.folder, "precache")
        shutil.copytree(_template(), self.precache)
        self.home = os.path.join(self.folder, "home")
        os.mkdir(self.home)
        # pip's configuration has an index; nothing listens there, and an empty one says so at once.
        self.mirror = "file://" + os.path.join(self.folder, "empty-index")

    def node(self, tool="hello", **asked):
        """Return a node with this home and this precache."""
        return make_node(self.home, tool, self.environ(), **self._asked(asked))

    def request(self, tool="hello", **asked):
        """Return a request in this home, with this precache."""
        return make_request(self.home, tool, **self._asked(asked))

    def environ(self):
        """Return the variables of who has this home."""
        return clean_environ(self.home)

    def _asked(self, asked):
        return dict({"precache": self.precache, "mirrors": (self.mirror,)}, **asked)

    def ensure(self, tool="hello", **asked):
        """Climb the ladder; return the outcome, whether the tool is ready or not."""
        try:
            return ladder.ensure(self.request(tool, **asked), self.environ())
        except NotReadyError as error:
            return error.outcome

    def change_manifest(self, change):
        """Write the manifest anew after a callable has changed its data."""
        path = os.path.join(self.precache, manifest.FILE_NAME)
        with open(path) as file:
            data = json.load(file)
        change(data)
        with open(path, "w") as file:
            json.dump(data, file)

    def wheel(self, name="hello"):
        """Return the path of the wheel of a distribution in the precache."""
        wheels = os.path.join(self.precache, "wheels")
        return next(os.path.join(wheels, file) for file in os.listdir(wheels) if file.startswith(name + "-"))
