"""What a precache's folder holds, compared with its manifest."""

import datetime
import os
from typing import NamedTuple

from . import manifest
from .errors import PrecacheError
from .files import sha256_of
from .precache import CURRENT


class Finding(NamedTuple):
    """A file that is not as the manifest says: ``missing``, ``extra`` or ``altered``."""

    path: str
    problem: str


def folder_of(path):
    """Return the folder with the manifest.

    :param str path: that folder, a link to it, or the folder with the link ``current``.
    :raises PrecacheError: where there is no precache.
    """
    for folder in (path, os.path.join(path, CURRENT)):
        if os.path.isfile(os.path.join(folder, manifest.FILE_NAME)):
            return os.path.realpath(folder)
    raise PrecacheError(
        path, f"there is no precache at {path}", "build one with 'testnode-python precache build'"
    )


def read(folder):
    """Return the manifest of a precache.

    :param str folder: the folder with the manifest.
    :rtype: Manifest
    :raises PrecacheError: where it cannot be read or believed.
    """
    path = os.path.join(folder, manifest.FILE_NAME)
    try:
        with open(path, encoding="utf-8") as file:
            return manifest.loads(file.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        raise PrecacheError(path, f"{path} cannot be read: {error}", "build the precache again") from error


def expected_files(content):
    """Return the files that a manifest names, path below the precache -> hex SHA-256.

    :param Manifest content: the manifest.
    :rtype: dict(str, str)
    """
    expected = {file.file: file.sha256 for file in content.get_pip.values()}
    for target in content.targets.values():
        for tool, locked in target.tools.items():
            if locked.sha256:
                expected[f"locks/{target.name}/pylock.{tool}.toml"] = locked.sha256
            expected.update({f"wheels/{wheel.file}": wheel.sha256 for wheel in locked.wheels})
    return expected


def age_of(content, now=None):
    """Return how old the locks of a precache are.

    :param Manifest content: its manifest.
    :param datetime now: the moment to count from, in UTC; by default this one.
    :returns: days, rounded down.
    :rtype: int
    :raises PrecacheError: where the manifest's date is none.
    """
    try:
        locked = datetime.datetime.strptime(content.locked, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError as error:
        words = "the date of the locks, {!r}, is none".format(content.locked)
        raise PrecacheError("", words, "build the precache again") from error
    now = now or datetime.datetime.now(datetime.timezone.utc)
    return (now.replace(tzinfo=None) - locked).days


def verify(path):
    """Compare a precache with its manifest.

    :param str path: as for :func:`folder_of`.
    :returns: every file that is missing, extra or altered, by path.
    :raises PrecacheError: where there is no manifest, or it cannot be believed.
    """
    folder = folder_of(path)
    expected = expected_files(read(folder))
    there = _files(folder) - {manifest.FILE_NAME}
    findings = [Finding(file, "extra") for file in there - set(expected)]
    findings += [Finding(file, "missing") for file in set(expected) - there]
    findings += [
        # A link is altered, too: it would lead to what a copy of the precache does not have.
        Finding(file, "altered")
        for file in there & set(expected)
        if sha256_of(os.path.join(folder, file)) != expected[file]
    ]
    return sorted(findings)


def _files(folder):
    found = set()
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        found.update(os.path.relpath(os.path.join(parent, name), folder) for name in names + links)
    return found
