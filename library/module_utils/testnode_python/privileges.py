"""Whether the caller may do what only root can."""

import os

from .commands import Deadline, run
from .errors import CommandError

# A sudo that asks the network who may do what needs a moment.
_SECONDS = 10


def may_become_root(environ):
    """Say whether the caller is root or may become it, without a password, by sudo.

    :param dict environ: the caller's variables.
    :rtype: bool
    """
    if os.geteuid() == 0:
        return True
    try:
        return run(["sudo", "-n", "true"], Deadline(_SECONDS), environ).returncode == 0
    except CommandError:
        return False
