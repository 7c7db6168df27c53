"""Climbing: one source is asked after the other, and the reason of each is kept."""

import time

from . import links
from .errors import Error, NotReadyError, UsageError
from .outcome import Attempt, Outcome
from .redaction import redact
from .tools import PIP


def nearest(node):
    """Return what asks the first source; loaded only now, for it is one or the other.

    :param Node node: the node and what is asked of it.
    :returns: callable of a request and a node that gives a Ready.
    """
    if node.tool.name == PIP:
        from . import sites

        return sites.find
    from . import discovery

    return discovery.find


def climb(node, rungs, report=None):
    """Ask one source after the other until one serves.

    :param Node node: the node and what is asked of it.
    :param rungs: pairs of a source's name and the callable that asks it (iterable).
    :param report: callable that is given each Attempt when it has ended.
    :rtype: Outcome
    :raises NotReadyError: where no source served; it carries the outcome.
    :raises UsageError: where the request makes no sense.
    """
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
