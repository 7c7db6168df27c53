"""System-level venvs: tools for everybody on a node, made when its image is built.

Each is an environment like any other (``environments``), of root's, at a path that
images have had for long; what is here besides is their links and their list.
"""

import glob
import os
from typing import List, NamedTuple

from . import environments, ladder, links, ownership, receipts
from .errors import Error, PlaceError, UsageError
from .outcome import Outcome
from .request import DEFAULT_VENVS, Node
from .supplies import SuppliedNode
from .tools import COMMAND, SYSTEM_VENVS, normalize, system_venv

# What a system-level venv is made from: what the system has is what it is to become.
SOURCES = ("precache", "mirror")
# Nobody else's receipt says what all are to run.
_OWNERS = {0}


class Installed(NamedTuple):
    """What became of a system-level venv, and the links that were made or removed for it."""

    outcome: Outcome
    links: List[str]
    removed: List[str]

    @property
    def changed(self):
        """Whether anything was written."""
        return bool(self.outcome.changed or self.links or self.removed)

    def as_dict(self):
        """Return plain data: the outcome's, and the links'."""
        return dict(self.outcome.as_dict(), links=self.links, removed=self.removed, changed=self.changed)


class Removed(NamedTuple):
    """What was removed of a tool's system-level venv: nothing where it was not there."""

    tool: str
    removed: List[str]

    @property
    def changed(self):
        """Whether anything was removed."""
        return bool(self.removed)

    def as_dict(self):
        """Return plain data."""
        return {"tool": self.tool, "removed": self.removed, "changed": self.changed}


class Venv(NamedTuple):
    """A system-level venv that is there; ``fault`` says why it does not work, or is ""."""

    path: str
    tree: str
    tool: str
    version: str
    source: str
    locked: str
    python: str
    made: str
    fault: str


def install(request, environ, link_dir=""):
    """Make a tool's system-level venv agree with its lock; one that does is left as it is.

    :param Request request: the tool, and what it may be made from; without ``venv``
        it goes where images have it.
    :param dict environ: the caller's variables.
    :param str link_dir: a folder for links to the tool's commands; "" for none.
    :rtype: Installed
    :raises NotReadyError: where no source served.
    :raises UsageError: where the request makes no sense, or the caller is not root.
    :raises Error: where a link cannot be made.
    """
    node = _node(request, environ, link_dir)
    outcome = _promised(node) if request.dry else ladder.climb(node)
    if not link_dir or (request.dry and outcome.changed):
        return Installed(outcome, [], [])
    commands = _commands(outcome.environment, node.declared.distribution)
    made = [_link(outcome.environment, name, link_dir, request.dry) for name in commands]
    removed = [] if request.dry else _unlink(outcome.environment, link_dir, only_dangling=True)
    return Installed(outcome, [link for link in made if link], removed)


def _node(request, environ, link_dir):
    """Return the node of a request after it was found to concern only places that are root's."""
    if link_dir:
        _refuse_what_others_may_write(link_dir, "a folder for links that everybody follows")
    return SuppliedNode(_placed(request, environ), environ)


def _promised(node):
    """Return what would come of a request: as it is there, or that it would be made."""
    ready = environments.already(node, node.lock_for(node.tool.name))
    outcome = Outcome.unready(node.tool.name)._replace(environment=node.place.path)
    if ready is None:
        return outcome._replace(changed=True)
    return outcome._replace(executable=ready.executable, version=ready.version, python=ready.python)


def remove(request, environ, link_dir=""):
    """Remove a tool's system-level venv with all its trees, and the links that lead into it.

    :param Request request: the tool, and ``venv`` where it lies elsewhere than usual;
        of what is asked for dry only the venv's path is told.
    :param dict environ: the caller's variables.
    :param str link_dir: the folder of the links; "" for none.
    :rtype: Removed
    :raises UsageError: where the request makes no sense, or the caller is not root.
    :raises PlaceError: where something there is not ours.
    """
    node = _node(request, environ, link_dir)
    # Links first: a killed removal leaves none that lead nowhere.
    environments.refuse_foreign(node.place)
    if request.dry:
        return Removed(request.tool, [node.place.path] if os.path.lexists(node.place.path) else [])
    links_of_it = _unlink(node.place.path, link_dir) if link_dir else []
    return Removed(request.tool, links_of_it + environments.remove(node.place, node.deadline))


def each(act, requests, environ, link_dir, tell=None):
    """Install or remove several; where one cannot be done the others are all the same.

    :param act: ``install`` or ``remove``.
    :param list requests: one for each tool.
    :param dict environ: the caller's variables.
    :param str link_dir: a folder for links; "" for none.
    :param tell: callable that is given what became of each, an Error where it failed.
    :returns: plain data, with ``error`` where one failed.
    :rtype: list(dict)
    :raises UsageError: where a request makes no sense.
    """
    results = []
    for request in requests:
        try:
            done = act(request, environ, link_dir)
            results.append(done.as_dict())
        except UsageError:
            raise
        except Error as error:
            done = error
            results.append({"tool": request.tool, "changed": False, "error": str(error)})
        if tell is not None:
            tell(done)
    return results


def installed(patterns=DEFAULT_VENVS):
    """Return the system-level venvs that are there, those of ours.

    :param patterns: where they are, with ``{tool}``.
    :rtype: list(Venv)
    """
    paths = {path for pattern in patterns for path in glob.glob(pattern.format(tool="*"))}
    paths |= set(SYSTEM_VENVS.values())
    found = [_described(path) for path in sorted(paths) if os.path.isdir(path)]
    return [venv for venv in found if venv is not None]


def _refuse_what_others_may_write(path, what):
    """Refuse a path on which somebody else than root has a say, however far it is there already.

    :raises UsageError: where it is no absolute path, or not root's all the way.
    """
    if not os.path.isabs(path):
        raise UsageError("{!r} is no absolute path".format(path), "write it as in '/usr/local/bin'")
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    reason = ownership.fault_with_parents(path, _OWNERS)
    if reason:
        raise UsageError("{}: {} is root's all the way".format(reason, what), "name another folder")


def _placed(request, environ):
    if os.geteuid() != 0:
        raise UsageError(
            "system-level venvs are root's, and this is not root",
            "run it as root; a tool for yourself is made by 'testnode-python ensure'",
        )
    tool = Node(request, environ).tool
    if tool.name == "pip":
        raise UsageError(
            "pip is no tool of its own: every system-level venv has one",
            "'testnode-python ensure pip' is for the global Python",
        )
    if request.venv:
        _refuse_what_others_may_write(request.venv, "a system-level venv")
        return request
    path = system_venv(tool.name)
    receipt, _ = receipts.read(os.path.realpath(path), _OWNERS)
    if receipt is not None and receipt.tool != tool.name:
        raise PlaceError(
            path, "{} is that of {}".format(path, receipt.tool), "name another place with --venv"
        )
    return request._replace(venv=path)


def _described(path):
    tree = os.path.realpath(path)
    receipt, _ = receipts.read(tree, _OWNERS)
    if receipt is None:
        return None
    return Venv(
        path,
        tree,
        receipt.tool,
        receipt.version,
        receipt.source,
        receipt.locked,
        receipt.python,
        receipt.made,
        receipts.python_fault(tree, receipt),
    )


def _commands(environment, distribution):
    """Return the names of the programs that a distribution brought into an environment.

    Its RECORD says so, by PyPA's specification of installed projects.
    """
    places = os.path.join(glob.escape(os.path.realpath(environment)), "lib", "python*", "site-packages")
    names = set()
    for record in glob.glob(os.path.join(places, "*.dist-info", "RECORD")):
        owner = os.path.basename(os.path.dirname(record)).rpartition(".dist-info")[0].rpartition("-")[0]
        if normalize(owner) == distribution:
            with open(record, encoding="utf-8", errors="replace") as file:
                site = os.path.dirname(os.path.dirname(record))
                names |= {os.path.basename(path) for path in _programs(file, site)}
    there = set(os.listdir(os.path.join(environment, "bin")))
    return sorted(name for name in names & there if COMMAND.fullmatch(name))


def _programs(record, site):
    """Return the paths in a RECORD that are programs."""
    paths = [line.split(",")[0].strip('"') for line in record]
    # PyPA installer for Python 3.6 notes them without their folder.
    bare = [path for path in paths if "/" not in path and not os.path.exists(os.path.join(site, path))]
    return bare + [
        path for path in paths if path.startswith("../") and os.path.dirname(path).endswith("/bin")
    ]


def _link(environment, name, link_dir, dry):
    # Only the folder itself is asked: another one on PATH may not be on everybody's.
    path = os.path.join(environment, "bin", name)
    return links.make(path, {"PATH": link_dir}, link_dir, dry)


def _unlink(environment, link_dir, only_dangling=False):
    """Remove links into an environment: all, or those that lead nowhere since it changed."""
    removed = []
    for name in sorted(os.listdir(link_dir)) if os.path.isdir(link_dir) else []:
        path = os.path.join(link_dir, name)
        if not os.path.islink(path) or os.path.dirname(os.readlink(path)) != os.path.join(environment, "bin"):
            continue
        if only_dangling and os.path.exists(path):
            continue
        try:
            os.unlink(path)
        except OSError as error:
            raise Error("the link {} cannot be removed: {}".format(path, error.strerror)) from error
        removed.append(path)
    return removed
