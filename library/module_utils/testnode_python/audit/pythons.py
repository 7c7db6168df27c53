"""The interpreters of a system, found by their names and not run."""

import re
import stat
from typing import List, NamedTuple

from .imageroot import HOMES, SYSTEM_PREFIXES
from .venvs import is_environment

# As login shells, sudo and cron have it, in the order of a shell.
PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_ELSEWHERE = ("/usr/libexec", "/usr/local/*/bin", "/opt/*/bin", "/opt/*/*/bin")
_IN_HOMES = ("/.pyenv/versions/*/bin", "/.local/share/uv/python/*/bin")
SEARCHED = PATH + _ELSEWHERE + tuple(home + place for home in HOMES for place in _IN_HOMES)
_NAME = re.compile(r"(?:platform-)?(?:python|pypy)(?:[23](?:\.[0-9]+)?)?[dmt]*")
_IN_NAME = re.compile(r"[23]\.[0-9]+")


class Python(NamedTuple):
    """An interpreter.

    ``path`` is its binary below all links, ``names`` the other paths that lead to
    it; ``series`` as in ``3.11``, or "" where its name and folder do not tell.
    ``externally_managed`` is the marker file of PEP 668 or "".  ``owner`` is a
    package or "".  ``is_global`` says that it is the system's, or on the standard PATH.
    """

    path: str
    names: List[str]
    series: str
    externally_managed: str
    owner: str
    is_global: bool

    @property
    def prefix(self):
        """The folder that its ``lib`` lies in."""
        return self.path.rsplit("/", 2)[0] or "/"


def find(root, packages, unread):
    """Find the interpreters.

    :param Root root: the system.
    :param Packages packages: who owns what.
    :param list unread: gets a sentence for each folder that cannot be read.
    :rtype: list(Python)
    """
    names, on_path = {}, set()
    for pattern in SEARCHED:
        for folder in root.matching(pattern, unread):
            if is_environment(root, folder.rpartition("/")[0]):
                continue  # an environment, and its Python a link to one of ours
            for entry in root.entries(folder, unread):
                binary = _binary(root, entry)
                if binary:
                    names.setdefault(binary, set()).add(entry.path)
                    if pattern in PATH:
                        on_path.add(binary)
    return [
        _python(root, packages, path, sorted(links - {path}), path in on_path)
        for path, links in sorted(names.items())
    ]


def _binary(root, entry):
    """Return the path of the program that an entry leads to, or "" where it is no Python."""
    if not _NAME.fullmatch(entry.name) or entry.is_folder:
        return ""
    try:
        path = root.resolve(entry.path)
        status = root.lstat(path)
    except OSError:
        return ""
    runs = status is not None and stat.S_ISREG(status.st_mode) and status.st_mode & 0o111
    return path if runs else ""


def _python(root, packages, path, links, on_path):
    python = Python(path, links, "", "", packages.owner(path), on_path)
    python = python._replace(is_global=on_path or python.prefix in SYSTEM_PREFIXES)
    series = _series(root, python)
    markers = [
        "{}/{}/python{}/EXTERNALLY-MANAGED".format(python.prefix.rstrip("/"), library, series)
        for library in ("lib", "lib64")
    ]
    marker = next((marker for marker in markers if series and root.is_file(marker)), "")
    return python._replace(series=series, externally_managed=marker)


def _series(root, python):
    """Return the release series that a binary's name tells, or its links', or the folder of its library."""
    for name in [python.path] + python.names:
        found = _IN_NAME.search(name.rpartition("/")[2])
        if found:
            return found.group()
    libraries = {
        entry.name[len("python") :]
        for entry in root.entries(python.prefix + "/lib", [])
        if re.fullmatch(r"python[23]\.[0-9]+", entry.name)
    }
    return libraries.pop() if len(libraries) == 1 else ""
