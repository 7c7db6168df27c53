"""What a role asks for: tools for a job, and what of the work only root or the package manager can do.

A role runs as the job's user.  What that user cannot do is not tried but told,
so that the role asks again as root, or after the packages were installed.
"""

import os

from . import ladder, packages, privileges
from .commands import Deadline
from .errors import Error, NotReadyError, UsageError
from .finder import Provision, all_of_pip, look, takes_root, venv_command
from .outcome import Outcome
from .supplies import SuppliedNode
from .tools import PIP


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
            asked = _softly(request, soft)._replace(timeout=min(request.timeout, share))
            node = SuppliedNode(asked, environ)
            one = _provide(node, names)
            if position == 0:
                one = one._replace(virtualenv_command=venv_command(node))
        except Error as error:
            if not soft:
                raise
            outcome = error.outcome if isinstance(error, NotReadyError) else Outcome.unready(request.tool)
            one = Provision([outcome], warnings=[str(error)])
        done = done.and_also(one)
    return done


def _softly(request, soft):
    """Return the request; who wants no failure does not want to hear of packages either."""
    if not soft:
        return request
    sources = tuple(source for source in request.sources if source != "packages")
    if not sources:
        raise UsageError(
            "no source is allowed, for packages are not installed where nothing may fail",
            "choose from system, precache, mirror",
        )
    return request._replace(sources=sources)


def _provide(node, names=()):
    """Provide what one node is asked for, or say what must come before."""
    if takes_root(node):
        return _without_root(node, names)
    there = look(node) if node.request.get_pip else Provision([], missing=True)
    done = _climbed(node, names) if there.missing else there
    if node.tool.name != PIP or node.request.scope != "user" or node.interpreter.venv:
        return done
    return done._replace(warnings=[_for_one_user(outcome) for outcome in done.outcomes if outcome.changed])


def _without_root(node, names):
    there = look(node)
    if not there.missing or there.needs_root:
        return there._replace(missing=False)
    if node.tool.name == PIP:
        raise Error(
            "pip for everybody is installed by root, and this user may not become it",
            "allow sudo without a password, or set the scope to user",
        )
    # Better in the home than not at all.
    done = _climbed(node.asking(link=False), names)
    return done._replace(warnings=[_without_link(outcome) for outcome in done.outcomes])


def _without_link(outcome):
    return (
        "{} is at {} and does not run by its bare name: that takes root, which this user may not become"
        " (sudo without a password)".format(outcome.tool, outcome.executable)
    )


def _for_one_user(outcome):
    return (
        "{} is for this user alone: root does not import it, so Ansible's pip module fails with become,"
        " and a plain shell does not have its folder on PATH".format(outcome.executable or outcome.tool)
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
    nodes = [SuppliedNode(request, environ) for request in requests]
    return all_of_pip(nodes, lambda node: _provide(node, names if node in nodes else ()), virtualenv_command)


def _promised(node):
    """Return what would come of a request, as far as that is known before."""
    place = "/usr" if node.request.packaged else node.place.path
    executable = os.path.join(place, "bin", node.declared.command) if node.tool.name != PIP else ""
    return Outcome.unready(node.tool.name)._replace(executable=executable, changed=True)


def _climbed(node, names):
    """Climb the ladder; where the distribution is to give the tool, say what to install."""
    if node.request.dry and (node.request.installs or node.request.packaged):
        there = look(node)
        return Provision([_promised(node)]) if there.missing else there
    try:
        return Provision([ladder.climb(node)])
    except NotReadyError as error:
        if "packages" not in node.request.sources or node.request.packaged:
            raise
        try:
            needed = list(names) or packages.here(node.tool.name)
        except Error:
            needed = []  # the reason is among the others
        if not needed:
            raise
        if not privileges.may_become_root(node.environ):
            raise NotReadyError(
                error.outcome,
                "{}\npackages are installed by root, and this user may not become it".format(error.cause),
                "allow sudo without a password, or another source",
            ) from error
        return Provision([], packages=needed)
