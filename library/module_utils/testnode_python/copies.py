"""Copying a precache, for the targets of a node alone; every file is checked on its way."""

import hashlib
import os
from typing import NamedTuple

from . import contents, files, manifest
from .errors import PrecacheError, UsageError
from .precache import CURRENT, Precache

_BLOCK = 1024 * 1024


class Copied(NamedTuple):
    """What became of a copy: its folder, its files and bytes, and whether anything was written."""

    folder: str
    files: int
    bytes: int
    changed: bool


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
