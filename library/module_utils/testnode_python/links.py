"""Global links: a tool by its bare name, for everybody, and leading only to what is root's."""

import os
import re
import shutil

from . import ownership
from .errors import Error, PlaceError

FOLDER = "/usr/local/bin"
# Whatever else they may be: what everybody runs belongs to root alone.
_OWNERS = {0}


def fault(executable, environ):
    """Say why a program cannot be what everybody gets by its bare name.

    :param str executable: its path.
    :param dict environ: the caller's variables; who is not root cannot make a
        link, so for them it must be on PATH already.
    :returns: a reason, or "" where there is none.
    :rtype: str
    """
    reason = ownership.fault_with_parents(executable, _OWNERS)
    if reason:
        return "{}: a global link leads only to what is root's alone".format(reason)
    if os.geteuid() != 0 and not is_on_path(executable, environ):
        return "{} does not run by its bare name".format(executable)
    return ""


def is_on_path(executable, environ):
    """Say whether a program is what a shell runs by its bare name."""
    found = shutil.which(os.path.basename(executable), path=environ.get("PATH", os.defpath))
    return found is not None and os.path.realpath(found) == os.path.realpath(executable)


def make(executable, environ, folder=FOLDER, dry=False):
    """Make a program run by its bare name, for everybody.

    :param str executable: the program.
    :param dict environ: the caller's variables.
    :param str folder: where the link goes.
    :param bool dry: nothing is written, but told what would be.
    :returns: the link's path, or "" where none is needed.
    :rtype: str
    :raises Error: where the program is not root's, or has a name that must not lead elsewhere.
    :raises PlaceError: where the link cannot be made.
    """
    if re.fullmatch("python[0-9.]*", os.path.basename(executable)):
        raise Error("{} is an environment's Python, and no tool to run by its bare name".format(executable))
    reason = fault(executable, environ)
    if reason:
        raise Error(reason)
    if is_on_path(executable, environ):
        return ""
    path = os.path.join(folder, os.path.basename(executable))
    if os.path.lexists(path) and not os.path.islink(path):
        raise PlaceError(
            path,
            "{} is there already and is no link, so it stays as it is".format(path),
            "remove it, or ask for the tool without a global link",
        )
    # A root whose PATH lacks the folder has the right link all the same.
    if os.path.realpath(path) == os.path.realpath(executable):
        return ""
    if dry:
        return path
    new = os.path.join(folder, ".{}.new".format(os.path.basename(executable)))
    try:
        os.makedirs(folder, exist_ok=True)
        if os.path.lexists(new):
            os.unlink(new)
        os.symlink(executable, new)
        os.replace(new, path)
    except OSError as error:
        raise PlaceError(path, "the link {} cannot be made: {}".format(path, error.strerror)) from error
    return path
