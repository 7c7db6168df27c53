"""The files of a system, mounted or our own, read without leaving it and without trusting it.

Paths are absolute and as the system itself would name them.  Links are resolved
here and not by the kernel, for which an absolute one would lead out of an image.
"""

import errno
import os
import re
import stat
from typing import NamedTuple

# Where the interpreters are that are everybody's.
SYSTEM_PREFIXES = ("/usr", "/usr/local", "/")
# Where users have what is theirs alone.
HOMES = ("/root", "/home/*")
# As many as the kernel follows (path_resolution(7)).
_MOST_LINKS = 40
# Far above any real folder and tree, and read in seconds.
_MOST_ENTRIES = 200000
_MOST_WALKED = 1000000
_MOST_PARTS = 4096
# Files of holes cost their makers nothing.
_MOST_READ = 4 * 1024 * 1024 * 1024


class Entry(NamedTuple):
    """A file, folder or link: where it is, and what lstat(2) tells."""

    path: str
    status: os.stat_result

    @property
    def name(self):
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def is_folder(self):
        """Whether it is a folder itself; a link to one is none."""
        return stat.S_ISDIR(self.status.st_mode)


class Root:
    """A system's root folder.

    :param str path: the folder, ``/`` for the system that we run in.
    """

    def __init__(self, path="/"):
        self.path = path
        self._prefix = path.rstrip("/")
        self._resolved = {}
        self._left = _MOST_READ

    def outside(self, path):
        """Return where a path of the system is for us.

        :raises FileNotFoundError: where no file could have it as its name.
        """
        if "\0" in path:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self._prefix + path

    def resolve(self, path):
        """Return a path without links in it; where something is missing the rest stays as it is.

        :param str path: an absolute path.
        :rtype: str
        :raises OSError: where links lead in circles, or it cannot be looked at.
        """
        folder, _, name = path.rpartition("/")
        folder = folder or "/"
        if name in ("", ".", ".."):
            return self._follow(path)
        # Many files are asked for in each folder.
        if folder not in self._resolved:
            self._resolved[folder] = self._follow(folder)
        return self._follow(name, self._resolved[folder])

    def links(self, path):
        """Return the links that are passed on the way to the end of a path, each where it lies.

        :rtype: list(str)
        :raises OSError: as ``resolve``.
        """
        passed = []
        self._follow(path, passed=passed)
        return passed

    def _follow(self, path, current="/", passed=None):
        parts = path.split("/")
        links = taken = 0
        while parts:
            part = parts.pop(0)
            taken += 1
            if taken > _MOST_PARTS:
                raise OSError(errno.ENAMETOOLONG, "leads too far", path)
            if part in ("", "."):
                continue
            if part == "..":
                current = os.path.dirname(current)
                continue
            step = os.path.join(current, part)
            try:
                target = self._link(step)
            except (FileNotFoundError, NotADirectoryError):
                return os.path.normpath("/".join([step] + parts))
            except PermissionError as error:
                # Of all that is below a closed folder, the folder is what there is to tell.
                raise PermissionError(error.errno, error.strerror, current) from error
            if target is None:
                current = step
                continue
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            if passed is not None:
                passed.append(step)
            parts = target.split("/") + parts
            current = "/" if target.startswith("/") else current
        return current

    def _link(self, step):
        """Return where a link leads, or None where it is none; raises where nothing is there."""
        try:
            return os.readlink(self.outside(step))
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None
            raise

    def canonical(self, path):
        """Return a path with the links on the way to it resolved, itself left as it is.

        Two names of one file are one then, as on a system where /lib is a link to /usr/lib.

        :rtype: str
        """
        folder, _, name = path.rpartition("/")
        if folder not in self._resolved:
            try:
                self._resolved[folder] = self._follow(folder or "/")
            except OSError:
                return path
        return os.path.join(self._resolved[folder], name)

    def lstat(self, path):
        """Return what lstat(2) tells of a path, or None where nothing is there.

        :raises OSError: where it cannot be looked at.
        """
        try:
            return os.lstat(self.outside(self.canonical(path)))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def lstat_or_none(self, path):
        """Return what ``lstat`` does, and None also where it cannot be looked at."""
        try:
            return self.lstat(path)
        except OSError:
            return None

    def is_folder(self, path):
        """Say whether a folder is there, maybe through links."""
        return self._is(path, stat.S_ISDIR)

    def is_file(self, path):
        """Say whether a regular file is there, maybe through links."""
        return self._is(path, stat.S_ISREG)

    def _is(self, path, kind):
        try:
            status = self.lstat(self.resolve(path))
        except OSError:
            return False
        return status is not None and kind(status.st_mode)

    def read(self, path, most):
        """Return the content of a regular file; what else is there is not even opened.

        :param str path: the file, maybe through links.
        :param int most: bytes that it may have.
        :rtype: bytes
        :raises OSError: where it is not there, no regular file, or larger.
        """
        outside = self.outside(self.resolve(path))
        if not stat.S_ISREG(os.lstat(outside).st_mode):
            raise OSError(errno.EINVAL, "is no regular file", path)
        descriptor = os.open(
            outside, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        )
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "is no regular file", path)
            # Its size first, for a file of holes may be as large as it likes; it may grow, too.
            content = b"" if status.st_size > most else file.read(most + 1)
            if status.st_size > most or len(content) > most:
                raise OSError(errno.EFBIG, "is larger than {} bytes".format(most), path)
            self._left -= len(content)
            if self._left < 0:
                raise OSError(errno.EFBIG, "is too much to read after all the others", path)
            return content

    def entries(self, folder, unread):
        """Return what is in a folder, by name; nothing where there is none.

        :param str folder: the folder, maybe through links; the paths are below where it leads.
        :param list unread: gets a sentence where it, or a part of it, cannot be read.
        :rtype: list(Entry)
        """
        found = []
        try:
            real = self.resolve(folder)
        except OSError as error:
            unread.append(sentence(error.filename if isinstance(error, PermissionError) else folder, error))
            return []
        try:
            with os.scandir(self.outside(real)) as names:
                for item in names:
                    if len(found) >= _MOST_ENTRIES:
                        unread.append("{} has more than {} entries".format(folder, _MOST_ENTRIES))
                        break
                    try:
                        found.append(Entry(os.path.join(real, item.name), item.stat(follow_symlinks=False)))
                    except FileNotFoundError:
                        continue  # gone in the meantime, and the others are not
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            unread.append(sentence(folder, error))
        return sorted(found)

    def walk(self, folder, unread):
        """Yield all files and links below a folder; links are not followed.

        :param str folder: the folder, maybe through links.
        :param list unread: gets a sentence for each part that cannot be read.
        :rtype: iterator(Entry)
        """
        waiting, count = [folder], 0
        while waiting:
            current = waiting.pop()
            for entry in self.entries(current, unread):
                count += 1
                if count > _MOST_WALKED:
                    unread.append("{} has more than {} files".format(folder, _MOST_WALKED))
                    return
                if entry.is_folder:
                    waiting.append(entry.path)
                else:
                    yield entry

    def matching(self, pattern, unread):
        """Return the paths that fit a pattern, by name, links on the way resolved.

        :param str pattern: an absolute path; ``*`` stands for anything in a part, but not for the
            dot at its beginning.
        :param list unread: gets a sentence for each folder that cannot be read.
        :rtype: list(str)
        """
        found = ["/"]
        for part in pattern.strip("/").split("/"):
            if "*" not in part:
                found = [os.path.join(folder, part) for folder in found]
                continue
            hidden = "(?![.])" if part.startswith("*") else ""
            fits = re.compile(hidden + ".*".join(map(re.escape, part.split("*"))), re.DOTALL)
            found = [
                entry.path
                for folder in found
                for entry in self.entries(folder, unread)
                if fits.fullmatch(entry.name)
            ]
        return found


def fault(root, path, owners):
    """Say why a file or folder, or a folder on the way to it, could be changed by others.

    :param Root root: the system.
    :param str path: a path without links.
    :param set owners: numbers of the users who may own it.
    :returns: a reason, or "" where there is none.
    :rtype: str
    """
    steps = [path]
    while steps[-1] != "/":
        steps.append(os.path.dirname(steps[-1]))
    for step in steps:
        try:
            status = root.lstat(step)
        except OSError as error:
            return sentence(step, error)
        if status is None:
            return "{} is not there".format(step)
        if status.st_uid not in owners:
            return "{} belongs to user {}".format(step, status.st_uid)
        # A link's own mode says nothing; in a folder like /tmp others cannot replace what is not theirs.
        if status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX and not stat.S_ISLNK(status.st_mode):
            return "{} may be written by others".format(step)
    return ""


def sentence(path, error):
    """Return what an error of the operating system says of a path."""
    words = error.strerror or str(error)
    return "{} {}".format(path, words if words.startswith(("is ", "leads ")) else "cannot be read: " + words)
