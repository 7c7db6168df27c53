"""The receipt in an environment: what it is, so that nobody has to run it to know."""

import json
import os
from typing import List, NamedTuple

from . import ownership
from .tools import normalize

FORMAT = 1
FILE_NAME = "testnode-python.json"
UNFINISHED = FILE_NAME + ".unfinished"


class Package(NamedTuple):
    """A distribution in an environment; ``sha256`` is "" where no lock gave it."""

    name: str
    version: str
    sha256: str


class Receipt(NamedTuple):
    """What was made, from what, for which request.

    ``python`` is the real binary of the interpreter, ``series`` as in ``3.11``;
    ``locked`` the date of the lock or "" where the version was a mirror's newest;
    ``made`` the moment (ISO 8601, UTC).
    """

    tool: str
    request: str
    command: str
    version: str
    source: str
    origin: str
    locked: str
    python: str
    series: str
    made: str
    packages: List[Package]

    def version_of(self, distribution):
        """Return the version of a distribution in the environment, or ""."""
        versions = {normalize(package.name): package.version for package in self.packages}
        return versions.get(normalize(distribution), "")


def write(tree, receipt):
    """Finish an environment: its receipt appears whole, and last.

    :param str tree: the environment's folder.
    :param Receipt receipt: what to write.
    :raises OSError: where the disk does not take it.
    """
    data = receipt._asdict()
    data["format"] = FORMAT
    data["packages"] = [dict(package._asdict()) for package in receipt.packages]
    unfinished = os.path.join(tree, UNFINISHED)
    with open(unfinished, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1, sort_keys=True)
        file.write("\n")
        # Whatever the umask: one that others may write is not believed.
        os.fchmod(file.fileno(), 0o644)
    os.replace(unfinished, os.path.join(tree, FILE_NAME))


def read(tree, owners):
    """Read the receipt of an environment, if there is one to be trusted.

    :param str tree: the environment's folder, no link.
    :param set owners: users whose receipts count.
    :returns: the receipt and "", or None and why not.
    :rtype: tuple(Receipt or None, str)
    """
    path = os.path.join(tree, FILE_NAME)
    if not os.path.lexists(path):
        return None, "it has no receipt"
    reason = ownership.fault(tree, owners) or ownership.fault(path, owners)
    if reason:
        return None, reason
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        return None, "its receipt cannot be read: {}".format(error)
    return loads(content)


def loads(content):
    """Read a receipt's content.

    :param bytes content: of the file.
    :returns: the receipt and "", or None and why not.
    :rtype: tuple(Receipt or None, str)
    """
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return None, "its receipt cannot be read: {}".format(error)
    try:
        if data.pop("format") != FORMAT:
            return None, "its receipt is of another release of testnode-python"
        packages = [Package(**_texts(package)) for package in data.pop("packages")]
        return Receipt(packages=packages, **_texts(data)), ""
    except (AttributeError, KeyError, TypeError):
        return None, "its receipt is damaged"


def python_fault(tree, receipt):
    """Say why an environment's Python is not the one of its receipt, or return "".

    :param str tree: the environment's folder.
    :param Receipt receipt: its receipt.
    :rtype: str
    """
    python = os.path.realpath(os.path.join(tree, "bin", "python"))
    if python == receipt.python and os.access(python, os.X_OK):
        return ""
    return "made for {}, which is not there any more".format(receipt.python)


def _texts(data):
    if not all(isinstance(value, str) for value in data.values()):
        raise TypeError("not only texts")
    return data
