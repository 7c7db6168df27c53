"""What a given Python can do."""

import os
import shutil
import sys
from typing import Dict, NamedTuple, Tuple

from .commands import Deadline, clean_environment
from .errors import CommandError, UsageError
from .redaction import redact
from .runners import AS_IN_A_SHELL, run_in
from .runners import probe as probe_runner

OLDEST = (3, 6)
_CURE = "name one of Python {}.{} or newer with --python".format(*OLDEST)
# A cold disk and a busy machine: seconds until a probe counts as hanging.
_PROBE_SECONDS = 20


class Installed(NamedTuple):
    """A distribution that the interpreter imports."""

    version: str
    folder: str
    metadata: str


class Platform(NamedTuple):
    """What wheels and environments are made for: a binary, not what is installed beside it.

    ``base`` is the real binary below venvs and links.
    """

    executable: str
    base: str
    version: str
    implementation: str
    machine: str
    libc: Tuple[str, Tuple[int, int]]

    @property
    def minor(self):
        """The release series, as in ``(3, 11)``."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def series(self):
        """The release series as text, as in ``3.11``."""
        return "{}.{}".format(*self.minor)

    def __str__(self):
        return "{} ({} {})".format(self.executable, self.implementation, self.version)


class Interpreter(NamedTuple):
    """The facts of one interpreter, as the probe in it found them.

    ``externally_managed`` is the marker file of PEP 668 or "".  ``distutils`` and
    ``ensurepip`` say whether they are really there (distributions split them off),
    ``pip_runs`` whether pip can do without.  ``modules`` is what of pip, setuptools,
    wheel and packaging it imports; ``global_site`` where it keeps what is installed
    for all; ``bundled_pip`` the pip wheel that came with it, or "".
    """

    platform: Platform
    prefix: str
    venv: bool
    ensurepip: bool
    distutils: bool
    pip_runs: bool
    externally_managed: str
    modules: Dict[str, Installed]
    user_site: str
    user_site_on: bool
    global_site: str
    pkg_resources: bool
    pip_command: str
    bundled_pip: str

    def __str__(self):
        return str(self.platform)


def locate(python, environ):
    """Return the path of the Python that the caller means.

    :param str python: a path, a command such as ``python3.9``, or "" for the
        ``python3`` of the user's PATH.
    :param dict environ: the caller's variables.
    :rtype: str
    :raises UsageError: where there is no such program.
    """
    path = shutil.which(python or "python3", path=environ.get("PATH", os.defpath))
    if path is None:
        if python:
            raise UsageError(
                "there is no program {!r} that you may run".format(redact(python)),
                "name another Python with --python",
            )
        raise UsageError("there is no python3 on PATH", "install python3, or name one with --python")
    return os.path.abspath(path)


def examine(path, deadline, environ, user_site=True):
    """Ask an interpreter what it can do.

    :param str path: its path.
    :param Deadline deadline: when it is given up.
    :param dict environ: the caller's variables.
    :param bool user_site: whether what the user installed for themselves counts.
    :rtype: Interpreter
    :raises UsageError: where it is no Python, or one that is too old.
    """
    seen = clean_environment(environ)
    if not user_site:
        seen["PYTHONNOUSERSITE"] = "1"
    try:
        patience = deadline.sooner(_PROBE_SECONDS)
        facts = run_in(path, probe_runner, {}, patience, environ=seen, flags=AS_IN_A_SHELL)
        interpreter = _interpreter(facts)
        too_old = interpreter.platform.minor < OLDEST
    except (CommandError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError("{} is no Python that works: {}".format(path, error), _CURE) from error
    if too_old:
        raise UsageError("{} is too old".format(interpreter), _CURE)
    return interpreter


def own_platform(path):
    """Return the platform of an interpreter where that is the binary that runs us.

    It need not be started to know; what is installed beside it is another matter,
    for we may see other folders than it would.

    :param str path: its path.
    :rtype: Platform or None
    """
    return _platform(dict(probe_runner.platform(), executable=path)) if is_own(path) else None


def platform_of(python, environ):
    """Return the platform of a Python, which is started only where it is not the one that runs us.

    :param str python: as of ``locate``.
    :param dict environ: the caller's variables.
    :rtype: Platform
    :raises UsageError: where it is no Python, or one that is too old.
    """
    path = locate(python, environ)
    return own_platform(path) or examine(path, Deadline(_PROBE_SECONDS), environ).platform


def is_own(path):
    """Say whether an interpreter is the binary that runs us."""
    return bool(sys.executable) and os.path.realpath(path) == os.path.realpath(sys.executable)


def own_ensurepip():
    """Say whether the Python that runs us has ensurepip; of the standard library we see the same as it."""
    return probe_runner.has_ensurepip()


def _platform(facts):
    name, version = facts["libc"]
    return Platform(**dict(facts, libc=(name, tuple(version))))


def _interpreter(facts):
    modules = {name: Installed(**module) for name, module in facts["modules"].items()}
    return Interpreter(**dict(facts, platform=_platform(facts["platform"]), modules=modules))
