"""Environments: made aside, swapped in by a link, never half there.

``<path>`` is a link to a versioned tree beside it.  A tree is built under its
final name, because scripts carry it, gets its receipt last, and only then does
the link move: rename(2) of a link is atomic on every file system, overlayfs
included, while a folder cannot be renamed over another.
"""

import errno
import fcntl
import os
import re
import shutil
import time
from contextlib import contextmanager
from typing import NamedTuple

from . import ownership, receipts
from .errors import CommandError, PlaceError
from .outcome import Ready
from .tools import normalize

# Where trees of environments in the system's own folders lie.
SYSTEM_TREES = "/usr/local/lib/testnode-python"
_POLL_SECONDS = 0.05


class Place(NamedTuple):
    """Where an environment lives.

    ``shared`` says that others than the caller are to run it: it is readable by
    all whatever the umask, and byte-compiled, since others could not write that.
    """

    path: str
    shared: bool

    @property
    def trees(self):
        """The folder that its trees lie in."""
        return SYSTEM_TREES if self._in_system else os.path.dirname(self.path)

    @property
    def stem(self):
        """What the names of its trees begin with."""
        name = os.path.basename(self.path)
        if not self._in_system:
            return "." + name
        import hashlib  # only these need it

        # Their trees lie together: places of the same last name must not be taken for one.
        return "{}-{}".format(name, hashlib.sha256(os.fsencode(self.path)).hexdigest()[:8])

    @property
    def _in_system(self):
        return self.shared and self.path.startswith("/usr/")

    @property
    def lock(self):
        """The file whose lock its makers hold; never deleted."""
        return os.path.join(self.trees, self.stem + ".lock")


def place_for(path, home):
    """Return the place at a path.

    :param str path: where the environment is to be found.
    :param str home: the caller's home folder.
    :rtype: Place
    """
    path = os.path.abspath(path)
    private = os.geteuid() != 0 or (path + "/").startswith(os.path.join(home, ""))
    return Place(path, shared=not private)


@contextmanager
def locked(place, deadline):
    """Hold the place's lock, waiting for other callers.

    :param Place place: what to lock.
    :param Deadline deadline: how long to wait.
    :returns: the lock's descriptor, for children that must hold it as well.
    :raises PlaceError: where it cannot be made, or is held for too long.
    """
    try:
        for folder in (place.trees, os.path.dirname(place.path)):
            _make_folders(folder, place.shared)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(place.lock, flags, 0o600)
    except OSError as error:
        raise unwritable(place.path, error) from error
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not deadline.left():
                    raise PlaceError(
                        place.path,
                        "another caller has been making {} for {:.0f} s".format(place.path, deadline.seconds),
                        "try again with a longer --timeout",
                    ) from None
                time.sleep(min(_POLL_SECONDS, deadline.left()))
        yield descriptor
    finally:
        os.close(descriptor)


def make(place, populate):
    """Make an environment and put it in the place of the old one; the lock is held.

    :param Place place: where.
    :param populate: callable that fills a tree, given its path, and returns its
        receipt; what it raises leaves the old state.
    :rtype: Receipt
    :raises PlaceError: where something there is not ours, or cannot be written.
    """
    refuse_foreign(place)
    tree = os.path.join(place.trees, "{}-{}".format(place.stem, os.urandom(4).hex()))
    try:
        _sweep(place, finished=False)
        _make_folders(tree, place.shared)
        with open(os.path.join(tree, receipts.UNFINISHED), "w"):
            pass
        receipt = populate(tree)
        receipts.write(tree, receipt)
        # The tree that is current becomes the previous one, which a program may still run from.
        _sweep(place, finished=True, spare=tree)
        _link(place, tree)
    except BaseException as error:
        # An interrupt may come when the link has been swapped.
        if current(place) != os.path.realpath(tree):
            _remove(tree)
        if isinstance(error, OSError):
            raise unwritable(place.path, error) from error
        if isinstance(error, CommandError) and os.strerror(errno.ENOSPC) in error.output:
            raise unwritable(place.path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) from error
        raise
    return receipt


def remove(place, deadline):
    """Remove the place's environment with all its trees; the file of the lock stays.

    :param Place place: where.
    :param Deadline deadline: how long to wait for other callers.
    :returns: the paths that were removed, none where nothing was there.
    :rtype: list(str)
    :raises PlaceError: where something there is not ours, or cannot be removed.
    """
    if not os.path.lexists(place.path) and not os.path.lexists(place.lock):
        return []
    with locked(place, deadline):
        refuse_foreign(place)
        removed = []
        try:
            if os.path.lexists(place.path):
                os.unlink(place.path)
                removed.append(place.path)
        except OSError as error:
            words = "{} cannot be removed: {}".format(place.path, error.strerror)
            raise PlaceError(place.path, words) from error
        for tree, _ in _trees(place):
            _remove(tree)
            if os.path.lexists(tree):
                raise PlaceError(tree, "{} cannot be removed as a whole".format(tree))
            removed.append(tree)
        return removed


def _make_folders(path, shared):
    """Make a folder and what is missing above it, whatever the umask where others are to enter."""
    if not os.path.isdir(os.path.dirname(path)):
        _make_folders(os.path.dirname(path), shared)
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        return
    if shared:
        os.chmod(path, 0o755)


def current(place):
    """Return the tree that the place's link leads to, or "" where it leads nowhere."""
    tree = os.path.realpath(place.path)
    return tree if os.path.isdir(tree) else ""


def already(node, lock):
    """Return the place's environment where it satisfies the request as it is, else None.

    Asked with the lock held: another caller may have made it in the meantime.

    :param Node node: the node and what is asked of it.
    :param Locked lock: the lock that it must agree with, or None.
    :rtype: Ready or None
    """
    place = node.place
    receipt, _ = receipts.read(current(place) or place.path, ownership.trusted_owners())
    if receipt is None or receipt.python != node.platform.base or receipt.tool != node.tool.name:
        return None
    if node.request.command not in ("", receipt.command):
        return None
    if receipts.python_fault(place.path, receipt):
        return None
    if lock is not None:
        there = {(normalize(package.name), package.version) for package in receipt.packages}
        agrees = {(wheel.name, wheel.version) for wheel in lock.wheels} <= there
    else:
        agrees = node.versions.satisfies(receipt.version, node.request.version)
    if not agrees:
        return None
    found = ready(place, receipt, unlocked=lock is None and not receipt.locked)
    return found._replace(words="there already: " + found.words, changed=False)


def ready(place, receipt, unlocked):
    """Return what an environment that was made gives to the caller.

    :rtype: Ready
    """
    where = "{} (locked {})".format(receipt.origin, receipt.locked[:10]) if receipt.locked else receipt.origin
    return Ready(
        "{} {} from {}{}".format(
            receipt.tool, receipt.version, where, ", its newest: unlocked" if unlocked else ""
        ),
        executable=os.path.join(place.path, "bin", receipt.command),
        version=receipt.version,
        changed=True,
        locked=receipt.locked,
        unlocked=unlocked,
        environment=place.path,
        python=receipt.python,
    )


def now():
    """Return the moment as receipts note it: ISO 8601, UTC, fine enough to sort by."""
    import datetime

    return datetime.datetime.now(datetime.timezone.utc).isoformat()


def unwritable(path, error):
    """Return what to raise for an error of the operating system at a path.

    :rtype: PlaceError
    """
    elsewhere = "name a folder that you may write with --venv, or another HOME"
    cures = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR), elsewhere)
    cures[errno.ENOSPC] = "free some space"
    words = "{} cannot be made: {}".format(path, error.strerror or error)
    if error.filename and error.filename != path:
        words += ": {}".format(error.filename)
    return PlaceError(path, words, cures.get(error.errno, ""))


def refuse_foreign(place):
    """Raise where something is at the place that we did not make.

    :raises PlaceError: naming it.
    """
    if not os.path.lexists(place.path):
        return
    if os.path.islink(place.path):
        target = os.path.join(os.path.dirname(place.path), os.readlink(place.path))
        if (
            _is_tree(place, os.path.basename(target))
            and os.path.dirname(os.path.abspath(target)) == place.trees
        ):
            return
        what = "a link to {}".format(target)
    else:
        what = "there already"
    raise PlaceError(
        place.path,
        "{} is {} and not made by testnode-python, so it stays as it is".format(place.path, what),
        "move it away, or name another place with --venv",
    )


def _link(place, tree):
    # In the same folder a relative target survives a move of the whole folder.
    beside = os.path.dirname(place.path) == place.trees
    new = os.path.join(os.path.dirname(place.path), ".{}.new".format(os.path.basename(place.path)))
    if os.path.lexists(new):
        os.unlink(new)
    os.symlink(os.path.basename(tree) if beside else tree, new)
    os.replace(new, place.path)


def _is_tree(place, name):
    return re.fullmatch(re.escape(place.stem) + r"-[0-9a-f]{8}", name) is not None


def _trees(place):
    """Return our trees but the current one, each with whether it was finished."""
    in_use = current(place)
    found = []
    for name in os.listdir(place.trees):
        tree = os.path.join(place.trees, name)
        if not _is_tree(place, name) or os.path.islink(tree) or os.path.realpath(tree) == in_use:
            continue
        finished = os.path.exists(os.path.join(tree, receipts.FILE_NAME))
        # A folder that only looks like one of ours has neither file, and something in it.
        if finished or os.path.exists(os.path.join(tree, receipts.UNFINISHED)) or _is_empty(tree):
            found.append((tree, finished))
    return found


def _is_empty(folder):
    try:
        return not os.listdir(folder)
    except OSError:  # a file, or a folder of somebody else
        return False


def _sweep(place, finished, spare=""):
    """Remove trees: those that killed makers left, or those that were current before."""
    for tree, is_finished in _trees(place):
        if is_finished == finished and tree != spare:
            _remove(tree)


def _remove(tree):
    """Remove a tree; what says that it is ours goes last, so that a killed removal is taken up again."""
    marker = os.path.join(tree, receipts.UNFINISHED)
    try:
        if os.path.isfile(os.path.join(tree, receipts.FILE_NAME)):
            os.replace(os.path.join(tree, receipts.FILE_NAME), marker)
        for entry in list(os.scandir(tree)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.path != marker:
                os.unlink(entry.path)
        if os.path.exists(marker):
            os.unlink(marker)
        os.rmdir(tree)
    except OSError:
        pass  # what is left is tried again by the next maker
