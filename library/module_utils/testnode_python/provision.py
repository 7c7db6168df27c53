"""What a role asks for: tools for a job, and what of the work only root or the package manager can do.

A role runs as the job's user.  What that user cannot do is not tried but told,
so that the role asks again as root, or after the packages were installed.
"""

import os
import sys
from typing import List, NamedTuple

from . import ladder, packages, privileges
from .commands import Deadline
from .errors import Error, NotReadyError
from .outcome import Outcome
from .precache import PIP
from .request import Node

VIRTUALENV = "virtualenv"
# What Ansible's pip module imports of the interpreter that runs it.
_FOR_ANSIBLE = ("packaging",)


class Provision(NamedTuple):
    """What came of it.

    ``outcomes`` are in the order of the requests.  ``needs_root`` asks for another
    call as root, ``packages`` for one after these packages were installed; then
    the outcomes are not all of them.  ``warnings`` are sentences about what there
    is less of than was asked.  ``virtualenv_command`` (of pip) makes environments
    with a pip of their own.
    """

    outcomes: List[Outcome]
    needs_root: bool = False
    packages: List[str] = []
    warnings: List[str] = []
    virtualenv_command: str = ""

    @property
    def changed(self):
        """Whether anything was written."""
        return any(outcome.changed for outcome in self.outcomes)


def _both(first, second):
    """Return two provisions as one."""
    return Provision(
        first.outcomes + second.outcomes,
        first.needs_root or second.needs_root,
        first.packages + [name for name in second.packages if name not in first.packages],
        first.warnings + second.warnings,
        second.virtualenv_command or first.virtualenv_command,
    )


def tools(requests, environ, names=(), soft=False):
    """Make tools ready, each in an environment of its own; the first request's time is for all.

    :param list requests: what is asked for (``Request``).
    :param dict environ: the caller's variables.
    :param names: packages that give the tools; by default those known for the distribution.
    :param bool soft: what cannot be made ready is a warning and no error.
    :rtype: Provision
    :raises NotReadyError: where no source served.
    :raises Error: where a request makes no sense.
    """
    done = Provision([])
    deadline = Deadline(requests[0].timeout if requests else 0)
    for position, request in enumerate(requests):
        share = max(deadline.left() / (len(requests) - position), 0.1)
        try:
            # A time that makes no sense stays one, for it to be refused.
            one = _tool(_softly(request, soft)._replace(timeout=min(request.timeout, share)), environ, names)
        except Error as error:
            if not soft:
                raise
            outcome = error.outcome if isinstance(error, NotReadyError) else Outcome.unready(request.tool)
            one = Provision([outcome], warnings=[str(error)])
        done = _both(done, one)
    return done


def venv_command(request, environ):
    """Return what makes environments with a pip without more ado, or "" where nothing does.

    :param Request request: names the Python.
    :param dict environ: the caller's variables.
    :rtype: str
    :raises UsageError: where there is no such Python.
    """
    return _venv_of(Node(request, environ))


def _venv_of(node):
    return node.platform.executable + " -m venv" if node.has_ensurepip else ""


def _softly(request, soft):
    """Return the request; who wants no failure does not want to hear of packages either."""
    sources = tuple(source for source in request.sources if source != "packages")
    return request._replace(sources=sources) if soft else request


def _tool(request, environ, names=()):
    """Make a tool ready; where it is to run by its bare name that is root's work."""
    node = Node(request, environ)
    if not request.link or os.geteuid() == 0 or not _installs(request):
        return _climbed(node, names)
    there = _found(node)
    if there is not None:
        return Provision([there])
    if privileges.may_become_root(environ):
        return Provision([], needs_root=True)
    # Better in the home than not at all.
    done = _climbed(node.asking(link=False), names)
    return done._replace(warnings=[_without_link(outcome) for outcome in done.outcomes])


def _without_link(outcome):
    return (
        "{} is at {} and does not run by its bare name: that takes root, which this user may not become"
        " (sudo without a password)".format(outcome.tool, outcome.executable)
    )


def pip(requests, environ, names=(), virtualenv_command=""):
    """Make pip ready for interpreters, and find out what makes environments.

    :param list requests: one for each interpreter; environments are made by the first one's.
    :param dict environ: the caller's variables.
    :param names: as for ``tools``.
    :param str virtualenv_command: what the caller wants to make environments with.
    :rtype: Provision
    :raises NotReadyError: where no source served.
    :raises Error: where a request makes no sense, or takes a root that the caller may not become.
    """
    done = Provision([])
    nodes = [Node(request, environ) for request in requests]
    for node in nodes:
        done = _both(done, _pip(node, names))
    if done.needs_root or done.packages:
        return done
    done = _both(done, _packaging_for_ansible(nodes[0]))
    return _both(done, _virtualenv(nodes[0], virtualenv_command))


def _pip(node, names=()):
    interpreter, request = node.interpreter, node.request
    there = _found(node.asking(get_pip=""))
    if there is not None:
        return Provision([there])
    if os.geteuid() != 0 and request.scope == "global" and _installs(request) and not interpreter.venv:
        if privileges.may_become_root(node.environ):
            return Provision([], needs_root=True)
        raise Error(
            "pip for everybody is installed by root, and this user may not become it",
            "allow sudo without a password, or set the scope to user",
        )
    done = _climbed(node, names)
    if request.scope != "user" or interpreter.venv:
        return done
    return done._replace(warnings=[_for_one_user(outcome) for outcome in done.outcomes if outcome.executable])


def _for_one_user(outcome):
    return (
        "{} is for this user alone: root does not import it, so Ansible's pip module fails with become,"
        " and a plain shell does not have its folder on PATH".format(outcome.executable)
    )


def _packaging_for_ansible(node):
    """Give the interpreter that runs us, which is Ansible's, what Ansible's pip module needs."""
    if sys.prefix != sys.base_prefix or os.path.realpath(sys.executable) == node.platform.base:
        return Provision([])
    request = node.request._replace(python=sys.executable, version="", get_pip="", modules=_FOR_ANSIBLE)
    try:
        done = _pip(Node(request, node.environ))
    except Error as error:
        words = "Ansible's pip module will not work by {}: {}".format(sys.executable, error)
        return Provision([], warnings=[words])
    # It is no tool that anybody asked for: of interest is only that something was written.
    return done._replace(outcomes=[outcome for outcome in done.outcomes if outcome.changed])


def _virtualenv(node, command):
    """Find out what makes environments that have a pip: venv where it can, else virtualenv."""
    command = command or _venv_of(node)
    if command:
        return Provision([], virtualenv_command=command)
    for_all = node.request.scope == "global"
    made = _tool(node.request._replace(tool=VIRTUALENV, version="", get_pip="", link=for_all), node.environ)
    return made._replace(virtualenv_command="".join(outcome.executable for outcome in made.outcomes))


def _promised(node):
    """Return what would come of a request, as far as that is known before."""
    place = "/usr" if node.request.packaged else node.place.path
    executable = os.path.join(place, "bin", node.declared.command) if node.tool.name != PIP else ""
    return Outcome.unready(node.tool.name)._replace(executable=executable, changed=True)


def _installs(request):
    """Say whether a source is allowed from which we install ourselves."""
    return bool({"precache", "mirror"} & set(request.sources))


def _found(node):
    """Return the outcome of what is there, or None."""
    if "system" not in node.request.sources:
        return None
    try:
        return ladder.climb(node.asking(sources=("system",)))
    except NotReadyError:
        return None


def _climbed(node, names):
    """Climb the ladder; where the distribution is to give the tool, say what to install."""
    if node.request.dry and (_installs(node.request) or node.request.packaged):
        there = _found(node)
        return Provision([there if there is not None else _promised(node)])
    try:
        return Provision([ladder.climb(node)])
    except NotReadyError:
        if "packages" not in node.request.sources or node.request.packaged:
            raise
        try:
            return Provision([], packages=list(names) or packages.here(node.tool.name))
        except Error:
            pass  # the reason is among the others
        raise
