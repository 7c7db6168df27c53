"""Copying a precache, for the targets of a node alone; every file is checked on its way."""

import hashlib
import os
import re
import shutil
from typing import List, NamedTuple

from . import contents, files, interpreters, manifest
from .commands import Deadline
from .errors import Error, PrecacheError, UsageError
from .precache import CURRENT, Precache

_BLOCK = 1024 * 1024
# Seconds to ask another Python what it is.
_PATIENCE = 60
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Copied(NamedTuple):
    """What became of a copy: its folder, its files and bytes, and whether anything was written."""

    folder: str
    files: int
    bytes: int
    changed: bool


class Wanted(NamedTuple):
    """What precache a node is to have.

    ``source`` is a precache on the node, or "" for one that is in its place already;
    ``digest`` that of its locks, or "" for whatever the source has; ``python`` the
    Python that it is for, or "" for the ``python3`` on PATH; ``required`` says that
    there being none is an error.
    """

    source: str = ""
    digest: str = ""
    python: str = ""
    required: bool = False


class Installed(NamedTuple):
    """What came of it: ``folder`` is "" where there is no such precache, nor a source of it."""

    folder: str
    changed: bool
    removed: List[str]


def install(wanted, output, keep, environ):
    """Give a node its precache, and remove old ones.

    :param Wanted wanted: which.
    :param str output: the folder that holds precaches and the link to the current.
    :param int keep: how many beside the current one stay.
    :param dict environ: the caller's variables.
    :rtype: Installed
    :raises Error: where it cannot be used or the disk refuses.
    """
    done = use(output, wanted.digest) if wanted.digest else None
    if done is None:
        if not wanted.source and wanted.required:
            raise PrecacheError(
                output,
                "{} has no precache {}".format(output, wanted.digest or "of an unknown digest"),
                "give an archive of it",
            )
        if not wanted.source:
            return Installed("", False, [])
        there = contents.read(contents.folder_of(wanted.source)).lock_digest
        if wanted.digest not in ("", there):
            raise PrecacheError(
                wanted.source, "{} has the locks {}, not {}".format(wanted.source, there, wanted.digest)
            )
        platform = interpreters.platform_of(wanted.python, Deadline(_PATIENCE), environ)
        done = copy(wanted.source, output, platform=platform)
    removed = prune(output, keep)
    return Installed(done.folder, done.changed or bool(removed), removed)


def copy(source, output, targets=(), platform=None):
    """Copy a precache to ``<output>/<lock digest>`` and make the link ``current`` lead there.

    It keeps its digest, which names its locks and not how many of their targets are
    there: copied once more for other targets, the folder has those of both.

    :param str source: the folder with a manifest, a link to it or the folder with that link.
    :param str output: the folder that holds precaches and the link to the current.
    :param targets: names of targets.
    :param Platform platform: what it is for where no targets are named.
    :rtype: Copied
    :raises PrecacheError: where the source is not what its manifest says, or has nothing for the platform.
    :raises UsageError: where it has no such target.
    :raises Error: where the disk refuses.
    """
    folder = contents.folder_of(source)
    part = _narrowed(Precache(source, folder, contents.read(folder), set()), targets, platform)
    with files.locked(output):
        place = os.path.join(output, part.lock_digest)
        files.make_folder(place)
        files.sweep(place)
        changed = [
            _bring(folder, place, file, sha256) for file, sha256 in contents.expected_files(part).items()
        ]
        part = _together(_known(place, part.lock_digest), part)
        text = manifest.dumps(part).encode()
        changed.append(files.write_if_other(os.path.join(place, manifest.FILE_NAME), text))
        changed.append(files.point(os.path.join(output, CURRENT), part.lock_digest))
        names = list(contents.expected_files(part)) + [manifest.FILE_NAME]
        size = sum(os.path.getsize(os.path.join(place, name)) for name in names)
        return Copied(place, len(names), size, any(changed))


def use(output, digest):
    """Make the link ``current`` lead to a precache that is there, as for a roll-back.

    :param str output: the folder that holds precaches and the link to the current.
    :param str digest: the digest of its locks, which is its name.
    :returns: its Copied, or None where it is not there or not what its manifest says.
    :rtype: Copied or None
    :raises UsageError: where that is no digest.
    :raises Error: where the disk refuses.
    """
    if not _DIGEST.fullmatch(digest):
        raise UsageError("{!r} is not the digest of a lock".format(digest), "it has 64 of 0-9 and a-f")
    place = os.path.join(output, digest)
    if not os.path.isdir(place) or contents.verify(place):
        return None
    with files.locked(output):
        changed = files.point(os.path.join(output, CURRENT), digest)
        names = list(contents.expected_files(contents.read(place))) + [manifest.FILE_NAME]
        size = sum(os.path.getsize(os.path.join(place, name)) for name in names)
        return Copied(place, len(names), size, changed)


def prune(output, keep):
    """Remove precaches but the current one and the newest of the others.

    :param str output: the folder that holds precaches and the link to the current.
    :param int keep: how many of the others stay.
    :returns: the folders that were removed.
    :rtype: list(str)
    :raises Error: where the disk refuses.
    """
    with files.locked(output):
        current = os.path.realpath(os.path.join(output, CURRENT))
        others = [os.path.join(output, name) for name in os.listdir(output) if _DIGEST.fullmatch(name)]
        others = [path for path in others if os.path.isdir(path) and os.path.realpath(path) != current]
        others.sort(key=os.path.getmtime, reverse=True)
        for path in others[keep:]:
            try:
                shutil.rmtree(path)
            except OSError as error:
                raise Error("{} cannot be removed: {}".format(path, error.strerror)) from error
        return others[keep:]


def _narrowed(precache, targets, platform):
    """Return the manifest for some targets alone, with the get-pip.py of their Pythons."""
    whole = precache.manifest
    unknown = sorted(set(targets) - set(whole.targets))
    if unknown:
        raise UsageError(
            "{} has no target {}".format(precache.name, ", ".join(unknown)),
            "choose from {}".format(", ".join(sorted(whole.targets))),
        )
    chosen = {name: whole.targets[name] for name in targets}
    if not chosen:
        target = precache.target_for(platform)
        chosen = {target.name: target}
    pythons = {"{}.{}".format(*target.python) for target in chosen.values()}
    get_pip = {python: file for python, file in whole.get_pip.items() if python in pythons}
    return whole._replace(targets=chosen, get_pip=get_pip)


def _bring(source, place, name, sha256):
    """Copy a file where it is not there yet; say whether that was needed."""
    new = os.path.join(place, name)
    if files.sha256_of(new) == sha256:
        files.mend_mode(new)
        return False
    files.make_folder(os.path.dirname(new))
    files.write(new, _checked(os.path.join(source, name), sha256))
    return True


def _checked(path, sha256):
    """Yield a file's content; what is not what was locked is an error at its end."""
    digest = hashlib.sha256()
    cure = "build the precache again, or name another one"
    try:
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                digest.update(block)
                yield block
    except OSError as error:
        raise PrecacheError(path, "{} cannot be read: {}".format(path, error.strerror), cure) from error
    if digest.hexdigest() != sha256:
        raise PrecacheError(path, "{} is not the file that was locked".format(path), cure)


def _known(place, digest):
    """Return what an earlier copy left, or None."""
    try:
        known = contents.read(place)
    except PrecacheError:
        return None
    return known if known.lock_digest == digest else None


def _together(known, part):
    if known is None:
        return part
    return part._replace(
        targets=dict(known.targets, **part.targets), get_pip=dict(known.get_pip, **part.get_pip)
    )
