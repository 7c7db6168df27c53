"""Copying a precache, for the targets of a node alone; every file is checked on its way."""

import hashlib
import os
import re
import shutil
import stat
from typing import List, NamedTuple

from . import contents, files, interpreters, manifest
from .errors import Error, PrecacheError, UsageError
from .precache import CURRENT, Precache

_BLOCK = 1024 * 1024
# No wheel is that large; a file of holes may be.
_LARGEST = 1024 * _BLOCK
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
    there being none is an error; ``dry`` that nothing is written, but told what would be.
    """

    source: str = ""
    digest: str = ""
    python: str = ""
    required: bool = False
    dry: bool = False


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
    if wanted.dry:
        return _promised(wanted, output)
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
        platform = interpreters.platform_of(wanted.python, environ)
        done = copy(wanted.source, output, platform=platform)
    removed = prune(output, keep)
    return Installed(done.folder, done.changed or bool(removed), removed)


def _promised(wanted, output):
    place = os.path.join(output, wanted.digest)
    if not wanted.digest or not os.path.isdir(place):
        return Installed("", True, [])
    return Installed(place, os.path.realpath(os.path.join(output, CURRENT)) != os.path.realpath(place), [])


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
        known = _known(place, part)
        changed = [
            _bring(folder, place, file, sha256) for file, sha256 in contents.expected_files(part).items()
        ]
        part = _together(known, part)
        text = manifest.dumps(part).encode()
        changed.append(files.write_if_other(os.path.join(place, manifest.FILE_NAME), text))
        changed.append(files.point(os.path.join(output, CURRENT), part.lock_digest))
        return _copied(place, part, any(changed))


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
        return _copied(place, contents.read(place), changed)


def _copied(place, content, changed):
    names = list(contents.expected_files(content)) + [manifest.FILE_NAME]
    return Copied(
        place, len(names), sum(os.path.getsize(os.path.join(place, name)) for name in names), changed
    )


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
        others = [path for path in others if os.path.isdir(path) and not os.path.islink(path)]
        others = [path for path in others if os.path.realpath(path) != current]
        others.sort(key=os.path.getmtime, reverse=True)
        for path in others[keep:]:
            try:
                shutil.rmtree(path)
            except OSError as error:
                raise Error("{} cannot be removed: {}".format(path, error.strerror or error)) from error
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
    left = _LARGEST
    try:
        # Neither a link nor a pipe, on which root would wait for ever.
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PrecacheError(path, "{} is no regular file".format(path), cure)
            for block in iter(lambda: file.read(_BLOCK), b""):
                left -= len(block)
                if left < 0:
                    raise PrecacheError(path, "{} is larger than {} bytes".format(path, _LARGEST), cure)
                digest.update(block)
                yield block
    except OSError as error:
        raise PrecacheError(path, "{} cannot be read: {}".format(path, error.strerror), cure) from error
    if digest.hexdigest() != sha256:
        raise PrecacheError(path, "{} is not the file that was locked".format(path), cure)


def _known(place, part):
    """Return what an earlier copy left, but for targets whose files are gone; or None."""
    try:
        known = contents.read(place)
    except PrecacheError:
        return None
    if known.lock_digest != part.lock_digest:
        return None
    for name in set(known.targets) & set(part.targets):
        if known.targets[name] != part.targets[name]:
            raise PrecacheError(
                place,
                "{} is there already and has other files for {}".format(place, name),
                "two precaches of one digest are the same: remove the one that is wrong",
            )
    get_pip = {python: file for python, file in known.get_pip.items() if _is_whole(place, [file.file])}
    targets = {name: each for name, each in known.targets.items() if _has_all(place, known, name)}
    return known._replace(targets=targets, get_pip=get_pip)


def _has_all(place, known, name):
    alone = known._replace(targets={name: known.targets[name]}, get_pip={})
    return _is_whole(place, contents.expected_files(alone))


def _is_whole(place, names):
    return all(os.path.isfile(os.path.join(place, name)) for name in names)


def _together(known, part):
    if known is None:
        return part
    return part._replace(
        targets=dict(known.targets, **part.targets), get_pip=dict(known.get_pip, **part.get_pip)
    )
