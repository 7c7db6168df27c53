"""Running other programs: the one place that does, and what they get to see."""

import os
import signal
import subprocess
import time
from typing import NamedTuple

from .errors import CommandError
from .redaction import redact

# Enough of a program's last words to understand why it failed.
_LAST_LINES = 12
# Variables that redirect or break a Python or pip that we start.
_MISLEADING = ("PYTHON", "PIP_", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "UV_")


class Deadline:
    """A moment until which something may last.

    :param float seconds: from now.
    """

    def __init__(self, seconds):
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self):
        """Return the seconds that are left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def sooner(self, seconds):
        """Return a deadline after so many seconds, or this one if it is sooner."""
        return Deadline(min(seconds, self.left()))


class Result(NamedTuple):
    """How a program ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def clean_environment(environ):
    """Return the variables without those that redirect Python or pip.

    Configuration of indexes, certificates and proxies that pip takes from
    ``PIP_*`` is put back by ``configuration`` where pip runs.

    :param dict environ: the caller's variables.
    :rtype: dict
    """
    return {name: value for name, value in environ.items() if not name.startswith(_MISLEADING)}


def run(argv, deadline, environ, stdin="", keep_open=()):
    """Run a program to its end, in a session of its own, from the root folder.

    :param list argv: program and arguments.
    :param Deadline deadline: when it is killed, with all that it started.
    :param dict environ: all the variables that it sees.
    :param str stdin: what it reads.
    :param keep_open: file descriptors that it inherits (a lock held while it lives).
    :rtype: Result
    :raises CommandError: where it cannot be started or does not end in time.
    """
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            cwd="/",
            pass_fds=keep_open,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise CommandError("{} cannot be started: {}".format(argv[0], error), argv) from error
    with process:
        try:
            stdout, stderr = process.communicate(stdin.encode(), timeout=max(deadline.left(), 0.1))
        except subprocess.TimeoutExpired:
            stdout, stderr = _kill(process)
            raise CommandError(
                "{} did not end within {:.3g} s".format(argv[0], deadline.seconds),
                argv,
                output=last_lines(_text(stderr) or _text(stdout)),
            ) from None
        except BaseException:
            _kill(process)
            raise
    return Result(process.returncode, _text(stdout), _text(stderr))


def _kill(process):
    """End the program and all that it started; return what it had printed."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        # Something that left the session may hold the pipes open for ever.
        return process.communicate(timeout=1)
    except subprocess.TimeoutExpired:
        return b"", b""


def _text(data):
    return data.decode("utf-8", "replace")


def last_lines(text):
    """Return the end of a program's output, where the reason stands, without secrets of URLs."""
    return redact("\n".join(text.strip().splitlines()[-_LAST_LINES:]))
