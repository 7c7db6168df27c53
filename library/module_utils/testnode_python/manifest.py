"""The manifest of a precache: the one thing that image side and node side share.

JSON, because that is what Python 3.6 reads.  Written by ``builder``, read by
``precache``; both through the classes here.
"""

import json
import re
from typing import Dict, List, NamedTuple, Tuple

from .errors import PrecacheError
from .tools import COMMAND, NAME, Tool

FORMAT = 1
FILE_NAME = "manifest.json"

_WHEEL = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+!-]*\.whl$")
_GET_PIP = re.compile(r"^get-pip/(?:[0-9]+\.[0-9]+/)?get-pip\.py$")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_VERSION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+!-]*$")
# One line of a requirement file, and no option in it.
_REQUIREMENT = re.compile(r"^[A-Za-z0-9](?:(?! -)[ -~])*$")


class Wheel(NamedTuple):
    """One locked wheel: ``wheels/<file>`` below the precache."""

    name: str
    version: str
    file: str
    sha256: str
    size: int


class Locked(NamedTuple):
    """A tool's lock for one target; ``reason`` says why there is none.

    ``sha256`` is that of ``locks/<target>/pylock.<tool>.toml``.  A wheel whose
    ``size`` is 0 was locked through an index that tells no sizes.
    """

    version: str
    wheels: List[Wheel]
    reason: str = ""
    sha256: str = ""


class Target(NamedTuple):
    """An interpreter and platform that locks are made for.

    ``python`` is ``(3, 11)``, ``machine`` as in ``x86_64``, ``libc`` its name and
    floor, as in ``("glibc", (2, 17))``.
    """

    name: str
    implementation: str
    python: Tuple[int, int]
    machine: str
    libc: Tuple[str, Tuple[int, int]]
    tools: Dict[str, Locked]


class GetPip(NamedTuple):
    """A ``get-pip.py`` below the precache: its relative path and hash."""

    file: str
    sha256: str


class Manifest(NamedTuple):
    """What a precache holds.

    ``lock_digest`` is the hex SHA-256 that names its folder, ``locked`` the date
    of its locks (ISO 8601), ``get_pip`` maps "3.9" to the file for that Python.
    """

    lock_digest: str
    locked: str
    tools: Dict[str, Tool]
    targets: Dict[str, Target]
    get_pip: Dict[str, GetPip]


def dumps(manifest):
    """Return the manifest's text, the same for the same content."""
    data = {
        "format": FORMAT,
        "lock_digest": manifest.lock_digest,
        "locked": manifest.locked,
        "tools": {name: _without(tool._asdict(), "name") for name, tool in manifest.tools.items()},
        "get_pip": {python: dict(file._asdict()) for python, file in manifest.get_pip.items()},
        "targets": {name: _dump_target(target) for name, target in manifest.targets.items()},
    }
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def _dump_target(target):
    tools = {}
    for name, locked in target.tools.items():
        tools[name] = {
            "version": locked.version,
            "wheels": [dict(wheel._asdict()) for wheel in locked.wheels],
            "reason": locked.reason,
            "sha256": locked.sha256,
        }
    data = _without(target._asdict(), "name")
    data["tools"] = tools
    return data


def _without(mapping, key):
    return {name: value for name, value in mapping.items() if name != key}


def loads(text, path):
    """Read a manifest; nothing in it is believed before it has been checked.

    :param str text: the file's content.
    :param str path: where it was read, for messages.
    :rtype: Manifest
    :raises PrecacheError: where it is of another format, cut short, or names
        what could not be a file of a precache.
    """
    try:
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError("it holds no object")
        if data.get("format") != FORMAT:
            raise PrecacheError(
                path,
                "{} has format {!r}, this program reads format {}".format(path, data.get("format"), FORMAT),
                "build the precache and use it with the same release of testnode-python",
            )
        return _load(data)
    except PrecacheError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise PrecacheError(
            path,
            "{} is not a manifest: {}: {}".format(path, type(error).__name__, error),
            "build the precache again",
        ) from error


def _load(data):
    return Manifest(
        lock_digest=_matching(_SHA256, data["lock_digest"]),
        locked=str(data["locked"]),
        tools={
            _matching(NAME, name): Tool(
                name,
                _load_requirements(tool["requirements"]),
                _matching(COMMAND, tool["command"]),
                _load_words(tool["check"]),
            )
            for name, tool in data["tools"].items()
        },
        targets={name: _load_target(name, target) for name, target in data["targets"].items()},
        get_pip={
            str(python): GetPip(_matching(_GET_PIP, file["file"]), _matching(_SHA256, file["sha256"]))
            for python, file in data["get_pip"].items()
        },
    )


def _load_target(name, data):
    major, minor = data["python"]
    libc, floor = data["libc"]
    return Target(
        name=_matching(NAME, name),
        implementation=str(data["implementation"]),
        python=(int(major), int(minor)),
        machine=str(data["machine"]),
        libc=(str(libc), (int(floor[0]), int(floor[1]))),
        tools={
            _matching(NAME, tool): Locked(
                _matching(_VERSION, locked["version"]) if locked["version"] != "" else "",
                [_load_wheel(wheel) for wheel in locked["wheels"]],
                str(locked["reason"]),
                _matching(_SHA256, locked["sha256"]) if locked["sha256"] != "" else "",
            )
            for tool, locked in data["tools"].items()
        },
    )


def _load_wheel(data):
    return Wheel(
        _matching(NAME, data["name"]),
        _matching(_VERSION, data["version"]),
        _matching(_WHEEL, data["file"]),
        _matching(_SHA256, data["sha256"]),
        int(data["size"]),
    )


def _load_requirements(data):
    # The first one names the distribution of the tool.
    return [_matching(_REQUIREMENT, requirement) for requirement in _load_words(data) or [""]]


def _load_words(data):
    if not isinstance(data, list) or not all(isinstance(word, str) for word in data):
        raise ValueError("{!r} is no list of words".format(data))
    return data


def _matching(pattern, value):
    # fullmatch, because "$" lets a line break pass.
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("{!r} is not allowed there".format(value))
    return value
