"""Who owns a file: the databases of package managers, read and not asked."""

import os
import re
from typing import Dict, List, NamedTuple

from . import rpmdb
from .imageroot import sentence

DPKG = "/var/lib/dpkg"
# A status file of 5,000 packages has 10 MB, a list of 50,000 files 5 MB.
_MOST_STATUS = 256 * 1024 * 1024
_MOST_LIST = 64 * 1024 * 1024
# The largest systems have two million.
_MOST_FILES = 10000000

_BYTECODE = re.compile(r"(.*/)__pycache__/([^/]+?)\.[^./]+(?:\.opt-[^./]+)?\.pyc", re.DOTALL)


class Hold(NamedTuple):
    """A package that is kept at its version."""

    package: str
    version: str


class Packages(NamedTuple):
    """What the package managers know.

    ``managers`` are the databases that were read, of ``dpkg`` and ``rpm``;
    ``files`` maps each path, links on the way resolved, to its package;
    ``unread`` has sentences for what could not be read: where there are any,
    who is not known as the owner may be it all the same.
    """

    managers: List[str]
    files: Dict[str, str]
    holds: List[Hold]
    unread: List[str]

    def owner(self, path):
        """Return the package that owns a path without links on the way, or "".

        Bytecode belongs to the owner of its source: it is written when that is installed or run.
        """
        return self.files.get(path) or self.files.get(source_of(path), "")


def source_of(path):
    """Return the path of the source of a bytecode file; of another file its own.

    As PEP 3147 and PEP 488 have it, and as Python 2 does.

    :rtype: str
    """
    match = _BYTECODE.fullmatch(path)
    if match:
        return "{}{}.py".format(*match.groups())
    return path[:-1] if path.endswith((".pyc", ".pyo")) else path


def read(root):
    """Read the databases that a system has.

    :param Root root: the system.
    :rtype: Packages
    """
    packages = Packages([], {}, [], [])
    _read_dpkg(root, packages)
    reasons = []
    if rpmdb.is_there(root):
        files = rpmdb.read(root, reasons)
        if files:
            packages.managers.append("rpm")
            for path, name in files:
                packages.files.setdefault(root.canonical(path), name)
    # Debian's rpm leaves an empty database, which says nothing of Debian's files.
    if "dpkg" not in packages.managers:
        packages.unread.extend(reasons)
        if not packages.managers and not packages.unread:
            packages.unread.append("there is no package database: neither dpkg's nor rpm's")
    return packages


def _read_dpkg(root, packages):
    try:
        status = root.read(DPKG + "/status", _MOST_STATUS)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        packages.unread.append(sentence(DPKG + "/status", error))
        return
    if b"\nStatus: " not in status:  # a dpkg that nothing was installed with
        return
    packages.managers.append("dpkg")
    packages.holds.extend(holds_in(status.decode("utf-8", "replace")))
    diversions = _diversions(root, packages.unread)
    for entry in root.entries(DPKG + "/info", packages.unread):
        if not entry.name.endswith(".list"):
            continue
        # Libraries that may be installed for several machines: name:machine.list
        name = entry.name[: -len(".list")].partition(":")[0]
        try:
            content = root.read(entry.path, _MOST_LIST)
        except OSError as error:
            packages.unread.append(sentence(entry.path, error))
            continue
        if len(packages.files) > _MOST_FILES:
            packages.unread.append("dpkg knows more than {} files".format(_MOST_FILES))
            break
        for line in content.split(b"\n"):
            if line.startswith(b"/"):
                path = os.fsdecode(line)
                packages.files[root.canonical(_diverted(path, name, diversions))] = name


def holds_in(status):
    """Return the packages on hold of dpkg's status file (``apt-mark hold``).

    :param str status: its text.
    :rtype: list(Hold)
    """
    found = []
    for paragraph in re.split(r"\n\s*\n", status):
        fields = dict(re.findall(r"^(Package|Status|Version): *(.*)$", paragraph, re.MULTILINE))
        if fields.get("Status", "").split()[:1] == ["hold"]:
            found.append(Hold(fields.get("Package", ""), fields.get("Version", "")))
    return sorted(found)


def _diversions(root, unread):
    """Return path -> (where it goes to, the package whose own file stays); dpkg-divert(1)."""
    try:
        lines = root.read(DPKG + "/diversions", _MOST_LIST).split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        unread.append(sentence(DPKG + "/diversions", error))
        return {}
    words = [os.fsdecode(line) for line in lines]
    return {path: (to, package) for path, to, package in zip(words[::3], words[1::3], words[2::3])}


def _diverted(path, package, diversions):
    to, diverter = diversions.get(path, (path, package))
    return path if diverter == package else to
