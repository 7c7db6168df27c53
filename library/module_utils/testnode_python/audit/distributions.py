"""Distributions by their metadata: the folders and files beside what they installed."""

import csv
import os
import posixpath
import re
from typing import List, NamedTuple

_SUFFIXES = (".dist-info", ".egg-info", ".egg")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,100}")
# A long description is in it.
_MOST_METADATA = 8 * 1024 * 1024
_MOST_RECORD = 16 * 1024 * 1024


class Metadata(NamedTuple):
    """What the metadata of a distribution says.

    ``path`` is where it lies; ``files`` are all that it names, by their paths;
    ``tops`` the names beside it that it says are its own.
    """

    name: str
    version: str
    path: str
    files: List[str]
    tops: List[str]


def is_metadata(name):
    """Say whether a name in a site-packages folder is that of metadata or of an egg."""
    return name.endswith(_SUFFIXES)


def read(root, path):
    """Read the metadata at a path.

    What is missing in it or makes no sense is taken from the name of its folder.

    :param Root root: the system.
    :param str path: the folder or file, no link on the way.
    :rtype: Metadata
    """
    site, _, last = path.rpartition("/")
    name, version = _in_name(last)
    text = _first(root, [path + "/METADATA", path + "/PKG-INFO", path + "/EGG-INFO/PKG-INFO", path])
    fields = _fields(text)
    if _NAME.fullmatch(fields.get("Name", "")) and _VERSION.fullmatch(fields.get("Version", "")):
        name, version = fields["Name"], fields["Version"]
    tops = _first(root, [path + "/top_level.txt", path + "/EGG-INFO/top_level.txt"]).split()
    files = _recorded(root, path + "/RECORD", site) or _installed(root, path)
    return Metadata(name, version, path, files, [last] + [top for top in tops if "/" not in top])


def _in_name(last):
    stem = os.path.splitext(last)[0]
    name, _, version = stem.partition("-")
    return name, version.partition("-py")[0]


def _fields(text):
    """Return the fields above the description."""
    fields = {}
    for line in text.partition("\n\n")[0].split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name, value.strip())
    return fields


def _first(root, paths):
    """Return the text of the first of some files that can be read, or ""."""
    for path in paths:
        try:
            # As the names of files are read: what is no text stays apart.
            return os.fsdecode(root.read(path, _MOST_METADATA))
        except OSError:
            continue
    return ""


def _recorded(root, path, site):
    """Return the paths in a RECORD (PEP 376), absolute."""
    try:
        text = os.fsdecode(root.read(path, _MOST_RECORD))
        rows = [row[0] for row in csv.reader(text.replace("\0", "").splitlines()) if row]
    except (OSError, csv.Error):
        return []
    return [posixpath.normpath(posixpath.join(site, row)) for row in rows]


def _installed(root, path):
    """Return the paths in the list that pip keeps for eggs, absolute; it is relative to the metadata."""
    rows = _first(root, [path + "/installed-files.txt"]).splitlines()
    return [posixpath.normpath(posixpath.join(path, row)) for row in rows if row]
