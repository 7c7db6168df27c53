"""rpm's database, read by the rpm of the machine that we run on, out of a copy.

A copy, because rpm writes into the folder of a database that it reads, follows
links there, and would have to be trusted with an image's.
"""

import os
import shutil
import tempfile

from ..commands import Deadline, clean_environment, run
from ..errors import Error
from .imageroot import sentence

# Where it is, newest first: since Fedora 36, and before.
FOLDERS = ("/usr/lib/sysimage/rpm", "/var/lib/rpm")
# Of its kinds sqlite, ndb and bdb; any of the first column says that there is one.
_FILES = {
    "rpmdb.sqlite": ("rpmdb.sqlite-wal",),
    "Packages.db": ("Index.db",),
    "Packages": (),
}
_MOST = 1024 * 1024 * 1024
_SECONDS = 120
_FORMAT = r"[%{FILENAMES}\t%{=NAME}\n]"


def is_there(root):
    """Say whether a system has a database of rpm."""
    return bool(_place(root))


def read(root, reasons):
    """Return path and package of all files that rpm knows.

    :param Root root: the system.
    :param list reasons: gets a sentence where the database cannot be read.
    :rtype: list(tuple(str, str))
    """
    program = shutil.which("rpm")
    folder, name = _place(root)
    try:
        if program is None:
            raise Error("{} needs an rpm program on this machine".format(folder))
        with tempfile.TemporaryDirectory(prefix="testnode-python-") as copy:
            for file in (name,) + _FILES[name]:
                _copy(root, os.path.join(folder, file), os.path.join(copy, file))
            return _ask(program, copy)
    except (OSError, Error) as error:
        words = sentence(folder, error) if isinstance(error, OSError) else str(error)
        reasons.append("rpm database cannot be read here: {}".format(words))
        return []


def _ask(program, folder):
    argv = [program, "--dbpath", folder, "-qa", "--queryformat", _FORMAT]
    result = run(argv, Deadline(_SECONDS), clean_environment(dict(os.environ)))
    files = files_in(result.stdout)
    if result.returncode != 0 or not files:
        raise Error((result.stderr.strip().splitlines() or ["it has no packages"])[-1])
    return files


def files_in(output):
    """Return path and package of each line of rpm's answer.

    :param str output: what it printed.
    :rtype: list(tuple(str, str))
    """
    lines = [line.rpartition("\t") for line in output.split("\n")]
    return [(path, name) for path, _, name in lines if path.startswith("/") and name]


def _place(root):
    """Return folder and main file of the database, or nothing."""
    for folder in FOLDERS:
        for name in _FILES:
            if root.is_file(os.path.join(folder, name)):
                return folder, name
    return ()


def _copy(root, path, to):
    if root.is_file(path):
        with open(to, "wb") as file:
            file.write(root.read(path, _MOST))
