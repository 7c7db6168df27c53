"""The report: all that was found, what of it has no owner, and the gate for images."""

import json
import os
from typing import Any, List, NamedTuple

from ..errors import Error, UsageError
from . import packagedb, pathcommands, pins, pythons, sitepackages, stored, venvs
from .imageroot import Root
from .text import printable

FORMAT = 1
# A gate's list is read by people: with more than these something else is wrong.
_MOST_NAMED = 100


class Unmanaged(NamedTuple):
    """Something in the global Python that no package owns.

    ``kind`` is ``distribution``, ``file`` or ``command``; ``name`` says which,
    ``path`` is the metadata, the file or the command; ``files`` how many are
    without an owner.
    """

    kind: str
    name: str
    path: str
    files: int


class Report(NamedTuple):
    """What Python a system has.

    ``unread`` has sentences for what may hide something from the gate, ``notes``
    for other places that could not be searched.
    """

    root: str
    packages: packagedb.Packages
    pythons: List[pythons.Python]
    environments: List[venvs.Environment]
    sites: List[sitepackages.Site]
    commands: List[pathcommands.Command]
    pins: List[pins.Pin]
    precache: Any
    unread: List[str]
    notes: List[str]

    @property
    def unmanaged(self):
        """What in the global Python has no owner; nothing, where owners are not known.

        :rtype: list(Unmanaged)
        """
        if not self.owners_are_known:
            return []
        found = []
        for site in self.sites:
            if site.kind == "global":
                found += [
                    Unmanaged("distribution", _named(each), _telling(each), each.unowned)
                    for each in site.distributions
                    if not each.owner
                ]
                found += [
                    Unmanaged("file", _last(each), each.examples[0], each.files) for each in site.strays
                ]
        found += [
            Unmanaged("command", _last(each), each.path, 1) for each in self.commands if each.is_unmanaged
        ]
        return found

    @property
    def owners_are_known(self):
        """Whether who owns nothing in the report really does not."""
        return not self.packages.unread

    def as_dict(self):
        """Return plain data, whose keys stay; the documentation has them.

        Bytes that are no text are written as ``\\xff``: every reader takes it.
        """
        data = {
            "format": FORMAT,
            "root": self.root,
            "clean": not (self.unmanaged or self.unread),
            "package_managers": self.packages.managers,
            "owners_are_known": self.owners_are_known,
            "interpreters": [dict(each._asdict()) for each in self.pythons],
            "environments": [_environment(each) for each in self.environments],
            "sites": [_site(each) for each in self.sites],
            "commands": [dict(each._asdict()) for each in self.commands],
            "holds": [dict(each._asdict()) for each in self.packages.holds],
            "pins": [dict(each._asdict()) for each in self.pins],
            "precache": dict(self.precache._asdict()) if self.precache else None,
            "unmanaged": [dict(each._asdict()) for each in self.unmanaged],
            "unread": self.unread,
            "notes": self.notes,
            "searched": {"interpreters": list(pythons.SEARCHED), "environments": list(venvs.SEARCHED)},
        }
        return _readable(data)

    def as_json(self):
        """Return it as one JSON document."""
        return json.dumps(self.as_dict(), indent=1, sort_keys=True)


def make(path="/", owners=frozenset({0})):
    """Look at a system.

    :param str path: its root folder.
    :param set owners: numbers of the users who count as root.
    :rtype: Report
    :raises UsageError: where the path is no folder.
    """
    # An empty word, as of a variable that is not set, would be the current folder.
    path = os.path.abspath(path) if path else ""
    if not os.path.isdir(path):
        raise UsageError(
            "{!r} is no folder".format(path), "name the folder that the image is mounted at with --root"
        )
    root, unread, notes = Root(path), [], []
    packages = packagedb.read(root)
    found = pythons.find(root, packages, notes)
    sites = sitepackages.find(root, packages, found, unread, notes)
    commands = pathcommands.find(root, packages, owners, unread)
    environments = venvs.find(
        root, [each.environment for each in commands if each.environment], owners, notes
    )
    return Report(
        path,
        packages,
        found,
        environments,
        sites,
        commands,
        pins.find(root, notes),
        stored.find(root, owners, notes),
        packages.unread + _once(unread),
        _once(notes),
    )


def refuse_unmanaged(report):
    """Be the gate of an image: pass only where all of the global Python is known to be owned.

    :param Report report: of the image.
    :raises Error: naming what has no owner, or what could not be read.
    """
    unmanaged = report.unmanaged
    lines = [
        "  {:<12}  {}  {}".format(each.kind, printable(each.name), printable(each.path))
        for each in unmanaged[:_MOST_NAMED]
    ]
    if len(unmanaged) > _MOST_NAMED:
        lines.append("  and {} more".format(len(unmanaged) - _MOST_NAMED))
    if lines:
        raise Error(
            "the global Python of {} is not clean; no package owns these {}:\n{}\n{}".format(
                report.root,
                len(unmanaged),
                "\n".join(lines),
                "install them in environments of their own, or as packages of the distribution",
            )
        )
    if report.unread:
        raise Error(
            "whether the global Python of {} is clean cannot be said: {}".format(
                report.root, "; ".join(map(printable, report.unread[:_MOST_NAMED]))
            )
        )


def _once(sentences):
    return list(dict.fromkeys(sentences))


def _named(distribution):
    return "{} {}".format(distribution.name, distribution.version).strip()


def _telling(distribution):
    """Return the path that says most of what is wrong: a file where only some have no owner."""
    return distribution.examples[0] if distribution.package and distribution.examples else distribution.path


def _last(each):
    return each.path.rpartition("/")[2]


def _environment(environment):
    data = dict(environment._asdict())
    receipt = data.pop("receipt")
    data["ours"] = receipt is not None
    data["receipt"] = None
    if receipt is not None:
        data["receipt"] = dict(
            receipt._asdict(), packages=[dict(each._asdict()) for each in receipt.packages]
        )
    return data


def _site(site):
    data = dict(site._asdict())
    data["distributions"] = [dict(each._asdict(), owner=each.owner) for each in site.distributions]
    data["strays"] = [dict(each._asdict()) for each in site.strays]
    return data


def _readable(data):
    """Return data whose texts every reader of JSON takes: lone surrogates are none."""
    if isinstance(data, dict):
        return {name: _readable(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_readable(value) for value in data]
    if isinstance(data, str):
        # Names of files keep bytes that are no text this way; they are shown as these bytes.
        return data.encode("utf-8", "backslashreplace").decode("utf-8").replace("\\udc", "\\x")
    return data
