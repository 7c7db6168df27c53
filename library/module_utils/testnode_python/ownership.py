"""Whom a file may belong to so that we believe what it says."""

import os
import stat

_OVERFLOW_UID = "/proc/sys/kernel/overflowuid"
# As many as the kernel follows (path_resolution(7)).
_MOST_LINKS = 40


def _overflow_uid():
    # Every owner that a user namespace does not know shows as this one.
    try:
        with open(_OVERFLOW_UID) as file:
            return int(file.read())
    except (OSError, ValueError):
        return 65534


def trusted_owners(uid=None):
    """Return the users whose files we believe: root and the caller.

    :param int uid: the caller; by default the effective user.
    :rtype: set(int)
    """
    return {0, os.geteuid() if uid is None else uid} - {_overflow_uid()}


def fault(path, owners):
    """Say why a file or folder is not to be trusted.

    :param str path: what to look at; a link is judged itself, not where it leads.
    :param set owners: users that may own it.
    :returns: a reason, or "" where there is none.
    :rtype: str
    """
    try:
        status = os.lstat(path)
    except OSError as error:
        return "{} cannot be read: {}".format(path, error.strerror)
    if status.st_uid not in owners:
        return "{} belongs to user {}, not to {}".format(
            path,
            status.st_uid,
            " or ".join("root" if owner == 0 else "user {}".format(owner) for owner in sorted(owners)),
        )
    if not stat.S_ISLNK(status.st_mode) and status.st_mode & 0o022:
        return "{} may be written by others (mode {:04o})".format(path, stat.S_IMODE(status.st_mode))
    return ""


def fault_with_parents(path, owners, sticky=False):
    """Say why a path is not to be trusted, or any folder or link that leads to it.

    :param str path: an absolute path.
    :param set owners: users that may own what is on the way.
    :param bool sticky: whether a folder like /tmp may be on the way, in which everybody may write,
        but nobody can turn what is another one's.
    :returns: a reason, or "" where there is none.
    :rtype: str
    """
    for step in _steps(path):
        if sticky and _is_sticky(step, owners):
            continue
        reason = fault(step, owners)
        if reason:
            return reason
    return ""


def _is_sticky(path, owners):
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and bool(status.st_mode & stat.S_ISVTX) and status.st_uid in owners


def _steps(path):
    """Yield every folder and link that the kernel passes on its way to a path."""
    current = "/"
    parts = path.split("/")
    links = 0
    yield current
    while parts:
        part = parts.pop(0)
        if part in ("", "."):
            continue
        step = os.path.dirname(current) if part == ".." else os.path.join(current, part)
        yield step
        if os.path.islink(step) and links < _MOST_LINKS:
            links += 1
            target = os.readlink(step)
            parts = target.split("/") + parts
            current = "/" if target.startswith("/") else current
        else:
            current = step
