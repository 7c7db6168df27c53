"""The environments of a system: ours by their receipts, others by their ``pyvenv.cfg``."""

import posixpath
from typing import Any, Dict, List, NamedTuple

from .. import receipts
from .imageroot import HOMES, SYSTEM_PREFIXES, fault, sentence

# A bounded search: folders at these places, and nothing below them.
SEARCHED = (
    "/usr/*-env",
    "/usr/*",
    "/usr/local/*",
    "/usr/local/lib/*",
    "/usr/local/lib/testnode-python/*",
    "/usr/share/*",
    "/opt/*",
    "/opt/*/*",
    "/srv/*",
    "/var/lib/*",
    "/*",
) + tuple(
    home + place
    for home in HOMES
    for place in (
        "/*",
        "/.venv",
        "/.local/*",
        "/.local/.*",
        "/.local/pipx/venvs/*",
        "/.local/share/pipx/venvs/*",
        "/.local/share/uv/tools/*",
        "/.cache/testnode-python/*",
    )
)
_MOST_FOLDERS = 50000
# Ours have 10 KB; Pythons before 3.11 take long to read a number of a million digits.
_MOST_FILE = 256 * 1024


class Environment(NamedTuple):
    """An environment.

    ``path`` is its folder without links, ``names`` the links that lead to it; a
    tree of ours without any was swapped out.  ``receipt`` is what ours says, or None;
    ``fault`` why that is not believed, or "".  ``version`` is the Python's, as
    ``pyvenv.cfg`` has it; ``home`` where that Python is; ``uid`` who owns it.
    ``shared_fault`` says who besides root has a say in it, or is "".
    """

    path: str
    names: List[str]
    receipt: Any
    fault: str
    version: str
    home: str
    uid: int
    shared_fault: str


def find(root, extra, owners, notes):
    """Find the environments.

    :param Root root: the system.
    :param list extra: folders to look at besides: where commands lead.
    :param set owners: numbers of the users who count as root.
    :param list notes: gets a sentence for each folder that cannot be read.
    :rtype: list(Environment)
    """
    names, count = {}, 0
    for pattern in SEARCHED + tuple(extra):
        # Not as a pattern: a name may have a star in it.
        for path in [pattern] if pattern in extra else root.matching(pattern, notes):
            count += 1
            tree = _tree(root, path) if count <= _MOST_FOLDERS else ""
            if tree:
                names.setdefault(tree, set()).add(root.canonical(path))
    if count > _MOST_FOLDERS:
        notes.append("of {} folders that may be environments {} were looked at".format(count, _MOST_FOLDERS))
    return [_examine(root, tree, sorted(links - {tree}), owners) for tree, links in sorted(names.items())]


def _tree(root, path):
    """Return the folder of the environment that a path leads to, or "" where there is none."""
    try:
        tree = root.resolve(path)
    except OSError:
        return ""
    return tree if is_environment(root, tree) else ""


def is_environment(root, tree):
    """Say whether a folder, which is no link, is an environment.

    The system's own never are, whatever lies there: what is in them is everybody's.
    """
    if tree in SYSTEM_PREFIXES:
        return False
    marks = ("pyvenv.cfg", receipts.FILE_NAME)
    return any(root.lstat_or_none(posixpath.join(tree, mark)) is not None for mark in marks)


def _examine(root, tree, names, owners):
    receipt, reason = _receipt(root, tree)
    settings = _settings(root, tree)
    status = root.lstat_or_none(tree)
    return Environment(
        tree,
        names,
        receipt,
        reason,
        settings.get("version") or settings.get("version_info", ""),
        settings.get("home", ""),
        status.st_uid if status is not None else -1,
        fault(root, tree, owners) or fault(root, posixpath.join(tree, "bin"), owners),
    )


def _receipt(root, tree):
    """Return the receipt of an environment that nobody but its owner could have written, or None and why."""
    path = posixpath.join(tree, receipts.FILE_NAME)
    status, folder = root.lstat_or_none(path), root.lstat_or_none(tree)
    if status is None or folder is None:
        return None, ""
    if status.st_uid != folder.st_uid or (status.st_mode | folder.st_mode) & 0o022:
        return None, "{} may be another's than the environment's maker".format(path)
    try:
        return receipts.loads(root.read(path, _MOST_FILE))
    except OSError as error:
        return None, sentence(path, error)


def _settings(root, tree) -> Dict[str, str]:
    """Return what ``pyvenv.cfg`` says, in lower case names (PEP 405)."""
    try:
        text = root.read(posixpath.join(tree, "pyvenv.cfg"), _MOST_FILE).decode("utf-8", "replace")
    except OSError:
        return {}
    words = [line.partition("=") for line in text.split("\n")]
    return {name.strip().lower(): value.strip() for name, equals, value in words if equals}
