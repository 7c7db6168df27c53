"""The ladder: what makes a tool ready, from the nearest source to the farthest."""

import os

from . import rungs
from .errors import Error, UsageError
from .supplies import SuppliedNode
from .tools import PIP


def _from_packages(request, node):
    """Leave the distribution's packages to who may install them; find what they gave."""
    from . import packages

    if request.packaged:
        try:
            return rungs.nearest(node)(request, node)._replace(changed=True)
        except UsageError:
            raise
        except Error as error:
            # The packages are there by now: only another version or source helps.
            raise Error(error.cause, error.cure or "ask for another version, or allow a mirror") from error
    names = packages.here(node.tool.name)
    raise Error(
        "packages of the distribution are not installed from here",
        "install {} with the package manager, or use the role".format(" ".join(names)),
    )


# The policy, top to bottom.  Each rung is loaded when it is reached: for what is found
# the first is all, and a module compiles what it brings along anew for every task.
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
    from . import sites

    yield "system", sites.find

    from . import getpip

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
    return climb(SuppliedNode(request, os.environ if environ is None else environ), report)


def climb(node, report=None):
    """Make ready what a node is asked for; arguments and errors as of ``ensure``."""
    return rungs.climb(node, pip_rungs() if node.tool.name == PIP else tool_rungs(), report)
