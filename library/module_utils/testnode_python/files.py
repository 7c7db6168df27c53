"""Writing files of a precache: whole or not at all, readable by all whatever the umask."""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile

from .errors import Error

# What is being written has this at its end and a dot in front; a killed build leaves it.
PART = ".part"

_FILE_MODE = 0o644
_FOLDER_MODE = 0o755
_BLOCK = 1024 * 1024


@contextlib.contextmanager
def locked(folder):
    """Make a folder and hold it against other builds.

    :param folder: what only one build at a time may write to.
    :raises Error: where it cannot be made or another build has it.
    """
    make_folder(folder)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Error(
            "another program is writing to {}".format(folder), "wait for it, or name another folder"
        ) from None
    try:
        yield
    finally:
        os.close(handle)


def make_folder(path):
    """Make a folder and those above it; what we make, all can read.

    :raises Error: where that fails.
    """
    if os.path.isdir(path):
        return
    make_folder(os.path.dirname(os.path.abspath(path)))
    with _told(path):
        os.mkdir(path)
        os.chmod(path, _FOLDER_MODE)


def write(path, blocks):
    """Write a file; it gets its name when all of it is there.

    :param path: where it goes, in a folder that exists.
    :param blocks: its content; what iterating raises leaves no file behind.
    :raises Error: where the disk refuses.
    """
    folder, name = os.path.split(path)
    with _told(path):
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=PART, dir=folder)
    try:
        with open(handle, "wb") as stream:
            for block in blocks:
                with _told(path):
                    stream.write(block)
            with _told(path):
                stream.flush()
                os.fchmod(handle, _FILE_MODE)
        with _told(path):
            os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_if_other(path, content):
    """Write a file unless it has this content already.

    :returns: whether it was written.
    :raises Error: where the disk refuses.
    """
    if sha256_of(path) == hashlib.sha256(content).hexdigest():
        mend_mode(path)
        return False
    write(path, [content])
    return True


def take_over(old, new):
    """Give a file of an earlier build its place in this one: linked where it is ours, else copied.

    :param old: a file whose hash was found right.
    :param new: where it goes, on any disk.
    :raises Error: where the disk refuses.
    """
    temporary = os.path.join(os.path.dirname(new), f".{os.path.basename(new)}{PART}")
    with _told(new):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        try:
            if os.stat(old).st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, "not ours")
            os.link(old, temporary)
        except OSError:
            shutil.copyfile(old, temporary)
        os.chmod(temporary, _FILE_MODE)
        os.replace(temporary, new)


def point(link, target):
    """Make a symbolic link lead to a target, at one stroke.

    :returns: whether it led elsewhere before.
    :raises Error: where the disk refuses, or what is there is no link.
    """
    if os.path.islink(link) and os.readlink(link) == target:
        return False
    if os.path.lexists(link) and not os.path.islink(link):
        raise Error(f"{link} is not a link", "move it away: it is ours to set")
    folder, name = os.path.split(link)
    temporary = os.path.join(folder, f".{name}{PART}")
    with _told(link):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        os.symlink(target, temporary)
        os.replace(temporary, link)
    return True


def mend_mode(path):
    """Make a file of ours readable by all where it is not."""
    if os.stat(path).st_mode & 0o777 != _FILE_MODE:
        with _told(path):
            os.chmod(path, _FILE_MODE)


def sweep(folder):
    """Remove what a killed build left half-written below a folder.

    :raises Error: where the disk refuses.
    """
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.startswith(".") and name.endswith(PART):
                with _told(parent):
                    os.unlink(os.path.join(parent, name))


def sha256_of(path):
    """Return the hex SHA-256 of a file, "" where there is no regular file."""
    if os.path.islink(path) or not os.path.isfile(path):
        return ""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


@contextlib.contextmanager
def _told(path):
    """Turn what the operating system says into a sentence."""
    try:
        yield
    except OSError as error:
        cure = "make room and start again: it goes on where it stopped" if error.errno == errno.ENOSPC else ""
        raise Error(f"{path} cannot be written: {error.strerror}", cure) from error
