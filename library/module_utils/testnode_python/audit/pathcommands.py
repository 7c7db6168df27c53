"""The commands of Python's tools on the standard PATH, and where each leads."""

import posixpath
import re
import stat
from typing import List, NamedTuple

from .imageroot import fault, sentence
from .pythons import PATH
from .venvs import is_environment

_NAME = re.compile(
    r"pip[23]?(?:\.[0-9]+)?|(?:easy_install|wheel|virtualenv)(?:-?[23](?:\.[0-9]+)?)?"
    r"|tox|bindep|stestr|ostestr|testr|subunit-trace|nox|uvx?|glean|pipx|pipenv|poetry|hatch|pdm|twine"
    r"|pyproject-build|pre-commit|zuul-cloner|pbr"
)
# With these the gate is concerned: what jobs and their scripts call by name.
_GATED = re.compile(r"pip[23]?(?:\.[0-9]+)?|virtualenv(?:-?[23](?:\.[0-9]+)?)?|tox")

# Where a command may lead.
PACKAGE, ENVIRONMENT, NOBODY, NOWHERE = "package", "environment", "nobody", "nowhere"


class Command(NamedTuple):
    """A command.

    ``target`` is the end of all links, or "" where there is nothing; ``leads_to``
    one of ``package`` (``owner`` is its name), ``environment`` (whose folder is
    ``environment``), ``nobody`` and ``nowhere``.  ``fault`` says who besides root
    has a say in it where it leads into an environment.
    """

    path: str
    target: str
    leads_to: str
    owner: str
    environment: str
    fault: str

    @property
    def is_unmanaged(self):
        """Whether it is one of those that the gate stops: nobody's, in no environment of root's."""
        name = self.path.rpartition("/")[2]
        managed = self.leads_to == PACKAGE or (self.leads_to == ENVIRONMENT and not self.fault)
        return bool(_GATED.fullmatch(name)) and not managed


def find(root, packages, owners, unread):
    """Find the commands.

    :param Root root: the system.
    :param Packages packages: who owns what.
    :param set owners: numbers of the users who count as root.
    :param list unread: gets a sentence for each folder that cannot be read.
    :rtype: list(Command)
    """
    found = {}
    for folder in PATH:
        for entry in root.entries(folder, unread):
            if _NAME.fullmatch(entry.name) and not entry.is_folder and entry.path not in found:
                found[entry.path] = examine(root, packages, entry.path, owners)
    return [found[path] for path in sorted(found)]


def examine(root, packages, path, owners):
    """Say where a command leads.

    :param Root root: the system.
    :param Packages packages: who owns what.
    :param str path: of the command, links on the way to it resolved.
    :param set owners: numbers of the users who count as root.
    :rtype: Command
    """
    try:
        target = root.resolve(path)
        status = root.lstat(target)
    except OSError as error:
        return Command(path, "", NOWHERE, "", "", sentence(path, error))
    if status is None or not stat.S_ISREG(status.st_mode):
        return Command(path, target if status is not None else "", NOWHERE, "", "", "")
    # A link belongs to nobody where an alternative was chosen: its end decides.
    owner = packages.owner(target)
    if owner:
        return Command(path, target, PACKAGE, owner, "", "")
    tree = posixpath.dirname(posixpath.dirname(target))
    if is_environment(root, tree):
        # A script there is run by the environment's Python, which is a link in turn.
        reason = _fault(root, path, owners) or _fault(root, posixpath.join(tree, "bin", "python"), owners)
        return Command(path, target, ENVIRONMENT, "", tree, reason)
    return Command(path, target, NOBODY, "", "", "")


def _fault(root, path, owners):
    """Say who besides root decides what a path leads to: by its links, its end, and all folders above."""
    try:
        steps: List[str] = [path] + root.links(path) + [root.resolve(path)]
    except OSError as error:
        return sentence(path, error)
    return next((reason for reason in (fault(root, step, owners) for step in steps) if reason), "")
