"""The ladder: what makes a tool ready, from the nearest source to the farthest."""

import os
import time

from .errors import Error, NotReadyError, UsageError
from .outcome import Attempt, Outcome
from .precache import PIP
from .redaction import redact
from .request import Node


def _from_packages(request, node):
    """Leave the distribution's packages to who may install them; find what they gave."""
    from . import discovery, getpip, packages

    if request.packaged:
        ready = (getpip if node.tool.name == PIP else discovery).find(request, node)
        return ready._replace(changed=True)

    names = packages.here(node.tool.name)
    raise Error(
        "packages of the distribution are not installed from here",
        "install {} with the package manager, or use the role".format(" ".join(names)),
    )


# The policy, top to bottom.  Each rung is loaded when it is reached: for what is found
# the first is all, and Ansible has what it ships compiled anew for every task.
def tool_rungs():
    """Yield the sources of a tool, nearest first, each with what asks it."""
    from . import discovery

    yield "system", discovery.find

    from . import wheels

    yield "precache", wheels.from_precache

    from . import mirrors

    yield "mirror", mirrors.from_mirror
    yield "packages", _from_packages


def pip_rungs():
    """Yield the sources of pip, nearest first, each with what asks it."""
    from . import getpip

    yield "system", getpip.find
    yield "precache", getpip.from_precache
    yield "mirror", getpip.from_mirror
    yield "packages", _from_packages


def ensure(request, environ=None, report=None):
    """Make a tool ready from the first source that can serve.

    :param Request request: what is asked for, and what may be used.
    :param dict environ: the caller's variables; by default those of this process.
    :param report: callable that is given each Attempt when it has ended.
    :rtype: Outcome
    :raises NotReadyError: where no source served; it carries the outcome.
    :raises UsageError: where the request makes no sense.
    """
    return climb(Node(request, os.environ if environ is None else environ), report)


def climb(node, report=None):
    """Make ready what a node is asked for; arguments and errors as of ``ensure``."""
    rungs = pip_rungs() if node.tool.name == PIP else tool_rungs()
    begun = time.monotonic()
    attempts = []
    for source, rung in rungs:
        ready, attempt = _try(source, rung, node)
        attempts.append(attempt)
        if report is not None:
            report(attempt)
        if ready is not None:
            return _outcome(node, attempts, time.monotonic() - begun, ready)
    raise _nothing_served(_outcome(node, attempts, time.monotonic() - begun, None))


def _try(source, rung, node):
    """Try one rung; return what it gave, or None, and the attempt either way."""
    begun = time.monotonic()
    ready, cure = None, ""
    if source not in node.request.sources:
        reason = "not allowed (sources: {})".format(", ".join(node.request.sources))
    elif not node.deadline.left():
        reason = "no time was left ({:g} s in all)".format(node.request.timeout)
    else:
        try:
            ready = rung(node.request, node)
            if node.request.link:
                ready = _linked(ready, node)
            reason = ready.words
        except UsageError:
            raise
        except Error as error:
            # A tool whose link could not be made is not what was asked for.
            ready, reason, cure = None, error.cause, error.cure
    reason, cure = (redact(words, node.secrets()) for words in (reason, cure))
    return ready, Attempt(source, ready is not None, reason, cure, time.monotonic() - begun)


def _linked(ready, node):
    from . import links

    link = links.make(ready.executable, node.environ, dry=node.request.dry)
    return ready._replace(link=link, changed=ready.changed or bool(link)) if link else ready


def _outcome(node, attempts, seconds, ready):
    return Outcome(
        tool=node.tool.name,
        executable=ready.executable if ready else "",
        version=ready.version if ready else "",
        source=attempts[-1].source if ready else "",
        changed=bool(ready and ready.changed),
        locked=ready.locked if ready else "",
        unlocked=bool(ready and ready.unlocked),
        environment=ready.environment if ready else "",
        python=ready.python if ready else "",
        seconds=seconds,
        attempts=attempts,
        link=ready.link if ready else "",
    )


def _nothing_served(outcome):
    lines = ["{} could not be made ready".format(outcome.tool)]
    for attempt in outcome.attempts:
        lines.append("  {:<8}  {}".format(attempt.source, attempt.reason))
        if attempt.cure:
            lines.append("  {:<8}  -> {}".format("", attempt.cure))
    return NotReadyError(outcome, "\n".join(lines))
