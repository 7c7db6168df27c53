"""What only a checkout of the repository has: its folder, its locks, the image side's environment."""

import os
import sys

from . import ladder, ownership, receipts
from .errors import UsageError
from .manifest import Locked, Wheel
from .request import Request
from .tools import PIP, normalize, tool_named

BUILDER = "builder"
# As setup.cfg says of the builder extra.
OLDEST_FOR_BUILDER = (3, 10)


def folder():
    """Return the checkout that this package lies in, or "" where it was installed.

    :rtype: str
    """
    top = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3))
    return top if os.path.exists(os.path.join(top, "toolset.toml")) else ""


def refuse_old_python():
    """Raise where this Python is too old for the image side.

    :raises UsageError: naming the oldest that it runs on.
    """
    if sys.version_info < OLDEST_FOR_BUILDER:
        raise UsageError(
            "precaches are built with Python {}.{} or newer, this is {}.{}".format(
                *OLDEST_FOR_BUILDER + sys.version_info[:2]
            ),
            "start testnode-python by another Python, as in: python3.12 testnode-python precache ...",
        )


def builder_command(environ, announce):
    """Return the program that runs the image side, its environment made ready.

    :param dict environ: the caller's variables.
    :param announce: callable that is given a sentence before work that takes seconds.
    :returns: the words to run it with, or [] where this process can do so itself.
    :rtype: list(str)
    :raises NotReadyError: where its environment could not be made.
    """
    receipt, _ = receipts.read(os.path.realpath(sys.prefix), ownership.trusted_owners())
    if not folder() or (receipt is not None and receipt.tool == BUILDER):
        return []
    home = environ.get("HOME") or os.path.expanduser("~")
    cache = environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    request = Request(
        BUILDER,
        python=sys.executable,
        # Not what is there: when the lock changes, so must the environment.
        sources=("precache", "mirror"),
        venv=os.path.join(cache, "testnode-python", "{}-{}.{}".format(BUILDER, *sys.version_info[:2])),
        lock=_builder_lock(),
    )
    if not os.path.exists(request.venv):
        announce("making an environment for the image side at {} ...".format(request.venv))
    outcome = ladder.ensure(request, environ)
    return [outcome.executable, os.path.join(folder(), "testnode-python")]


def _builder_lock():
    """Return the lock of the image side's environment, with the pip that it gets."""
    lock, pip = lock_of(BUILDER), lock_of(PIP)
    if lock is None or pip is None:
        return None
    return Locked(lock.version, lock.wheels + [wheel for wheel in pip.wheels if wheel.name == PIP])


def lock_of(tool):
    """Return the checkout's lock of a tool for the Python that runs us.

    Every wheel that the lock admits is in it, several of a name where platforms
    differ: whoever installs from a mirror chooses among them.

    :param str tool: the tool's name.
    :rtype: Locked or None
    """
    try:
        import tomllib
    except ImportError:  # Python 3.10: the newest is taken then
        return None
    target = "cp{}{}-linux_{}".format(sys.version_info[0], sys.version_info[1], os.uname().machine)
    try:
        with open(os.path.join(folder(), "locks", target, "pylock.{}.toml".format(tool)), "rb") as file:
            packages = tomllib.load(file)["packages"]
    except FileNotFoundError:
        return None
    wheels = [
        Wheel(
            normalize(package["name"]),
            package["version"],
            wheel["url"].rpartition("/")[2],
            wheel["hashes"]["sha256"],
            wheel.get("size", 0),
        )
        for package in packages
        for wheel in package["wheels"]
    ]
    versions = {wheel.name: wheel.version for wheel in wheels}
    return Locked(versions.get(tool_named(tool).distribution, ""), wheels)
