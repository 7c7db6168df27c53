"""Environments for tests: places in a folder, and makers that write one file."""

import os
import sys

from testnode_python import environments, receipts
from testnode_python.commands import Deadline
from testnode_python.errors import Error

from .nodes import InAFolder


def receipt(version="1.0", **changes):
    """Return a receipt as a maker would write it."""
    made = receipts.Receipt(
        tool="hello",
        request="",
        command="hello",
        version=version,
        source="precache",
        origin="the precache /opt/cache",
        locked="2026-11-01T00:00:00Z",
        python=os.path.realpath(sys.executable),
        series="{}.{}".format(*sys.version_info[:2]),
        made=environments.now(),
        packages=[receipts.Package("hello", version, "a" * 64)],
    )
    return made._replace(**changes)


class EnvironmentCase(InAFolder):
    """Has a place, ``place`` at ``path``, and a maker that writes one file."""

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.folder, "hello")
        self.place = environments.Place(self.path, shared=False)

    def make(self, version="1.0", place=None, populate=None):
        place = place or self.place

        def write_version(tree):
            with open(os.path.join(tree, "version"), "w") as file:
                file.write(version)
            return receipt(version)

        with environments.locked(place, Deadline(5)):
            return environments.make(place, populate or write_version)

    def version(self):
        with open(os.path.join(self.path, "version")) as file:
            return file.read()

    def trees(self):
        return sorted(name for name in os.listdir(self.folder) if name.startswith(".hello-"))


def fail(tree):
    """Fill a tree, and fail."""
    with open(os.path.join(tree, "half"), "w"):
        raise Error("no")


def open_text(path):
    with open(path) as file:
        return file.read()
