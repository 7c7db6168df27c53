"""What of pip an interpreter's own sites have: the first rung of pip's ladder."""

import os

from .errors import Error
from .outcome import Ready
from .tools import PIP, PIP_COMPANIONS


def find(request, node):
    """Find pip, and what it needs to build wheels, in the interpreter.

    :rtype: Ready
    :raises Error: naming what is missing.
    """
    interpreter = node.interpreter
    missing = lacking(node)
    if missing:
        there = interpreter.modules.get(PIP)
        found = "pip {}, but ".format(there.version) if there and PIP not in missing else ""
        raise Error("{} has {}no {}".format(interpreter, found, ", ".join(missing)))
    if request.get_pip:
        raise Error("get-pip.py was asked for")
    if request.modules:
        words = "{} has {}".format(interpreter, ", ".join(request.modules))
        return Ready(words, node.platform.executable, "", python=node.platform.base)
    version = interpreter.modules[PIP].version
    if not node.versions.satisfies(version, request.version):
        raise Error("{} has pip {}, not {}".format(interpreter, version, request.version))
    if not interpreter.pip_command:
        raise Error("{} has pip {}, but no pip3 command".format(interpreter, version))
    words = "pip {} of {}".format(version, interpreter)
    return Ready(words, interpreter.pip_command, version, python=node.platform.base)


def lacking(node):
    """Return what of pip and its companions the interpreter cannot import.

    Where the rest is there, ``packaging`` is for Ansible's pip module, which is
    content with pkg_resources.

    :rtype: list(str)
    """
    interpreter = node.interpreter
    wanted = node.request.modules or [PIP] + PIP_COMPANIONS
    missing = [name for name in wanted if name not in interpreter.modules]
    return [] if missing == ["packaging"] and interpreter.pkg_resources else missing


def scope_of(node):
    """Return the scope of an install: what the caller said, else what they may write.

    :returns: ``user`` or ``global``; a venv has only its own site.
    :rtype: str
    """
    if node.interpreter.venv:
        return "global"
    return node.request.scope or ("global" if os.geteuid() == 0 else "user")
