"""What a caller asks for, and the node that it is asked of."""

import copy
import os
from typing import NamedTuple, Optional, Tuple

from . import tools
from .commands import Deadline
from .errors import UsageError
from .outcome import SOURCES
from .redaction import secrets_of
from .versions import Versions, check_specifier

DEFAULT_SOURCES = ("system", "precache", "mirror")
DEFAULT_TIMEOUT = 300.0
# A day; the operating system takes no endless time.
LONGEST_TIMEOUT = 86400.0
SHARED_VENV = tools.SHARED_VENV
DEFAULT_VENVS = (SHARED_VENV,)


class Request(NamedTuple):
    """What is to be made ready, and what may be used for it.

    ``version`` is a PEP 440 specifier; ``executable`` a path to try first;
    ``venvs`` patterns of system-level venvs, with ``{tool}``; ``scope`` (of pip)
    ``user``, ``global`` or "" for what the caller may write; ``get_pip`` asks for
    pip by get-pip.py, "precache", "upstream" or a URL; ``lock`` is a lock that the caller
    brings along; ``timeout`` the seconds for all of it; ``link`` asks for a tool
    that everybody has by its bare name; ``modules`` (of pip) are what the
    interpreter is to import, instead of all that makes pip whole; ``dry`` that
    nothing is written, but told what would be; ``packaged`` that the packages told
    before were installed by now.
    """

    tool: str
    version: str = ""
    command: str = ""
    executable: str = ""
    python: str = ""
    sources: Tuple[str, ...] = DEFAULT_SOURCES
    venv: str = ""
    venvs: Tuple[str, ...] = DEFAULT_VENVS
    precache: str = ""
    mirrors: Tuple[str, ...] = ()
    scope: str = ""
    get_pip: str = ""
    timeout: float = DEFAULT_TIMEOUT
    lock: Optional[NamedTuple] = None
    link: bool = False
    modules: Tuple[str, ...] = ()
    dry: bool = False
    packaged: bool = False

    @property
    def installs(self):
        """Whether a source is allowed from which we install ourselves."""
        return bool({"precache", "mirror"} & set(self.sources))


class Node:
    """What is known of the node, found out when it is first needed; enough to find what it has.

    :param Request request: what is asked for.
    :param dict environ: the caller's variables.
    :raises UsageError: where the request makes no sense.
    """

    def __init__(self, request, environ):
        check_specifier(request.version)
        unknown = sorted(set(request.sources) - set(SOURCES))
        if unknown or not request.sources:
            raise UsageError(
                "{} is no source".format(", ".join(map(repr, unknown)) or "nothing"),
                "choose from {}".format(", ".join(SOURCES)),
            )
        if request.scope not in ("", "user", "global"):
            raise UsageError("{!r} is no scope".format(request.scope), "choose user or global")
        if not 0 < request.timeout <= LONGEST_TIMEOUT:
            raise UsageError(
                "{:g} s is no time to work in".format(request.timeout),
                "choose up to {:g} s".format(LONGEST_TIMEOUT),
            )
        self.request = request
        self.environ = environ
        self.deadline = Deadline(request.timeout)
        self.home = environ.get("HOME") or os.path.expanduser("~")
        self.tool = tools.tool_named(request.tool, request.command)
        self.versions = Versions(self._places_of_pip)
        self._platform = None
        self._interpreter = None

    def within(self, seconds):
        """Return the same node with less time: a share of what is left.

        :param float seconds: how much.
        :rtype: Node
        """
        other = copy.copy(self)
        other.deadline = self.deadline.sooner(seconds)
        return other

    def asking(self, **changes):
        """Return the same node, what is known of it included, that is asked for something else.

        :param changes: fields of the request.
        :rtype: Node
        """
        other = copy.copy(self)
        other.request = self.request._replace(**changes)
        return other

    def another(self, **changes):
        """Return the node of a request of its own that differs from this one's.

        :param changes: fields of the request.
        :rtype: Node
        """
        return type(self)(self.request._replace(**changes), self.environ)

    @property
    def platform(self):
        """What the Python of the request is (``interpreters.Platform``), often known without starting it."""
        from . import interpreters  # most who look for something need none

        if self._platform is None:
            path = interpreters.locate(self.request.python, self.environ)
            self._platform = interpreters.own_platform(path) or self.interpreter.platform
        return self._platform

    @property
    def has_ensurepip(self):
        """Whether ``venv`` makes environments with a pip, often known without starting the Python."""
        from . import interpreters

        path = interpreters.locate(self.request.python, self.environ)
        if self._interpreter is None and interpreters.is_own(path):
            return interpreters.own_ensurepip()
        return self.interpreter.ensurepip

    @property
    def interpreter(self):
        """The Python that the request is for (``interpreters.Interpreter``)."""
        if self._interpreter is None:
            self.look_again()
        return self._interpreter

    def look_again(self):
        """Examine the interpreter anew, after something was installed into it."""
        from . import interpreters

        path = interpreters.locate(self.request.python, self.environ)
        # What is for all must not hide behind what one user has for themselves.
        for_all = self.request.scope == "global" or (not self.request.scope and os.geteuid() == 0)
        self._interpreter = interpreters.examine(path, self.deadline, self.environ, user_site=not for_all)

    @property
    def own_path(self):
        """The path of the tool's own environment, whether it is there or not."""
        if self.request.link:
            # What everybody runs lies in nobody's home.
            path = tools.system_venv(self.tool.name, SHARED_VENV)
        else:
            path = os.path.expanduser(self.request.venv) or os.path.join(self.home, ".local", self.tool.name)
        return os.path.abspath(path)

    def secrets(self):
        """Return what must not be seen in any message."""
        proxies = [value for name, value in self.environ.items() if name.lower().endswith("_proxy")]
        urls = list(self.request.mirrors) + [self.request.get_pip] + proxies
        return {secret for url in filter(None, urls) for secret in secrets_of(url)}

    def _places_of_pip(self):
        """Yield what may carry ``packaging``, most trusted first."""
        pip = self.interpreter.modules.get("pip")
        if pip:
            yield pip.folder
        if self.interpreter.bundled_pip:
            yield self.interpreter.bundled_pip
