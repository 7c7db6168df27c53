"""The site-packages folders of interpreters: what is in them, and whose it is."""

import re
from typing import List, NamedTuple

from . import distributions
from .imageroot import HOMES, SYSTEM_PREFIXES, sentence
from .packagedb import source_of

# Where an interpreter of a prefix has its folders.
_LIBRARIES = ("lib", "lib64")
_SERIES = re.compile(r"(?:python|pypy)[23](?:\.[0-9]+)?t?")
_FOLDERS = ("dist-packages", "site-packages")
USERS = tuple(home + "/.local" for home in HOMES)
# Enough to see what it is.
_EXAMPLES = 5


class Distribution(NamedTuple):
    """A distribution in a site-packages folder.

    ``path`` is its metadata, ``package`` that one's owner or "".  ``files`` and
    ``unowned`` are counts, ``examples`` the first of the unowned by their paths.
    """

    name: str
    version: str
    path: str
    package: str
    files: int
    unowned: int
    examples: List[str]

    @property
    def owner(self):
        """The package that owns it, metadata and files, or ""."""
        return "" if self.unowned else self.package


class Stray(NamedTuple):
    """Files without an owner and distribution, by the name in the folder that they are below."""

    path: str
    files: int
    examples: List[str]


class Site(NamedTuple):
    """A site-packages folder.

    ``kind`` is ``global`` for the interpreters of the system and those on the
    standard PATH, ``elsewhere`` for others, ``user`` for those in homes.
    ``unowned`` is how many of its ``files`` have no owner.
    """

    path: str
    kind: str
    files: int
    unowned: int
    distributions: List[Distribution]
    strays: List[Stray]


def find(root, packages, pythons, unread, notes):
    """Find all site-packages folders and look into them.

    :param Root root: the system.
    :param Packages packages: who owns what.
    :param list pythons: the interpreters that were found.
    :param list unread: gets a sentence for each part of a global one that cannot be read.
    :param list notes: gets one for each part of the others.
    :rtype: list(Site)
    """
    kinds = dict.fromkeys(SYSTEM_PREFIXES, "global")
    for python in sorted(pythons, key=lambda python: not python.is_global):
        kinds.setdefault(python.prefix, "global" if python.is_global else "elsewhere")
    for pattern in USERS:
        for prefix in root.matching(pattern, notes):
            kinds.setdefault(prefix, "user")
    found = {}
    for prefix, kind in kinds.items():
        missed = unread if kind == "global" else notes
        for path in _folders(root, prefix, missed):
            if path not in found:
                found[path] = examine(root, packages, path, kind, missed)
    return [found[path] for path in sorted(found)]


def _folders(root, prefix, unread):
    """Return the site-packages folders below a prefix that are there, links resolved."""
    found = []
    for library in _LIBRARIES:
        for entry in root.entries("{}/{}".format(prefix.rstrip("/"), library), unread):
            if not _SERIES.fullmatch(entry.name):
                continue
            for name in _FOLDERS:
                path = "{}/{}".format(entry.path, name)
                try:
                    status = root.lstat(path)
                    real = root.resolve(path)
                except OSError as error:
                    unread.append(sentence(path, error))
                    continue
                if status is not None:
                    found.append(real)
    return found


def examine(root, packages, path, kind, unread):
    """Say what is in a site-packages folder and whose it is.

    :param Root root: the system.
    :param Packages packages: who owns what.
    :param str path: the folder, links resolved.
    :param str kind: of the site.
    :param list unread: gets a sentence for each part that cannot be read.
    :rtype: Site
    """
    owners = {entry.path: packages.owner(entry.path) for entry in root.walk(path, unread)}
    tops = sorted({_top(file, path) for file in owners})
    found = [
        distributions.read(root, "{}/{}".format(path, top)) for top in tops if distributions.is_metadata(top)
    ]
    shares = {metadata.path: [] for metadata in found}
    strays = {}
    whose = _claims(found, path)
    for file, owner in sorted(owners.items()):
        claimed = whose.get(file) or whose.get(source_of(file)) or whose.get(path + "/" + _top(file, path))
        if claimed:
            shares[claimed].append((file, owner))
        elif not owner:
            strays.setdefault(_top(file, path), []).append(file)
    for metadata in found:
        shares[metadata.path] += _elsewhere(root, packages, metadata, owners)
    return Site(
        path,
        kind,
        len(owners),
        sum(not owner for owner in owners.values()),
        [_distribution(metadata, shares[metadata.path], packages) for metadata in found],
        [Stray("{}/{}".format(path, top), len(files), files[:_EXAMPLES]) for top, files in strays.items()],
    )


def _top(file, site):
    return file[len(site) + 1 :].partition("/")[0]


def _claims(found, site):
    """Return path -> metadata of the distribution that says it is its own."""
    claims = {}
    for metadata in found:
        for top in metadata.tops:
            claims.setdefault("{}/{}".format(site, top), metadata.path)
            claims.setdefault("{}/{}.py".format(site, top), metadata.path)
    for metadata in found:
        claims.update(dict.fromkeys(metadata.files, metadata.path))
    # Its metadata is its own, whoever else may claim it.
    claims.update({metadata.path: metadata.path for metadata in found})
    return claims


def _elsewhere(root, packages, metadata, seen):
    """Return path and owner of a distribution's files outside its folder: scripts, manual pages."""
    found = []
    for file in metadata.files:
        path = root.canonical(file)
        if path in seen:
            continue
        try:
            status = root.lstat(path)
        except OSError:
            continue  # who may not see them is told so of the folder itself
        if status is not None:
            found.append((path, packages.owner(path)))
    return found


def _distribution(metadata, share, packages):
    unowned = [file for file, owner in share if not owner]
    package = next(
        (owner for file, owner in share if owner and (file + "/").startswith(metadata.path + "/")), ""
    )
    return Distribution(
        metadata.name,
        metadata.version,
        metadata.path,
        package,
        len(share),
        len(unowned),
        sorted(unowned, key=lambda file: not file.startswith(metadata.path))[:_EXAMPLES],
    )
