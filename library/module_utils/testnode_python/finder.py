"""What a role asks first: whether all that it is to provide is there already.

It takes little of the library, and so little to ship: on a prepared node that is
all a role does.  ``provision`` does the rest.
"""

import os
import shutil
import sys
from typing import List, NamedTuple

from . import rungs
from .errors import Error, NotReadyError, UsageError
from .outcome import Outcome
from .request import Node
from .tools import PIP

VIRTUALENV = "virtualenv"
# What Ansible's pip module imports of the interpreter that runs it.
_FOR_ANSIBLE = ("packaging",)


class Provision(NamedTuple):
    """What came of it.

    ``outcomes`` are in the order of the requests.  ``missing`` says that something is
    not there, where it was only looked for; ``needs_root`` asks for another call as
    root, ``packages`` for one after these packages were installed: then the outcomes
    are not all of them.  ``warnings`` are sentences about what there is less of than
    was asked.  ``virtualenv_command`` (of pip) makes environments with a pip of their
    own.
    """

    outcomes: List[Outcome]
    needs_root: bool = False
    packages: List[str] = []
    warnings: List[str] = []
    virtualenv_command: str = ""
    missing: bool = False

    @property
    def changed(self):
        """Whether anything was written."""
        return any(outcome.changed for outcome in self.outcomes)

    @property
    def waits(self):
        """Whether another call is to follow."""
        return self.missing or self.needs_root or bool(self.packages)

    def and_also(self, other):
        """Return this and another one as one."""
        return Provision(
            self.outcomes + other.outcomes,
            self.needs_root or other.needs_root,
            self.packages + [name for name in other.packages if name not in self.packages],
            self.warnings + other.warnings,
            other.virtualenv_command or self.virtualenv_command,
            self.missing or other.missing,
        )


def tools(requests, environ, and_venv=False, soft=False):
    """Look for tools; nothing is written.

    :param list requests: what is looked for (``Request``).
    :param dict environ: the caller's variables.
    :param bool and_venv: whether to find out, too, whether the first one's Python makes environments.
    :param bool soft: what makes no sense is missing and no error.
    :rtype: Provision
    :raises UsageError: where a request makes no sense.
    """
    done = Provision([])
    for position, request in enumerate(requests):
        try:
            node = Node(request, environ)
            one = look(node)
            if and_venv and position == 0:
                one = one._replace(virtualenv_command=venv_command(node))
        except Error:
            if not soft:
                raise
            # Who provides will say so.
            one = Provision([], missing=True)
        done = done.and_also(one)
    return done


def pip(requests, environ, virtualenv_command=""):
    """Look for pip in interpreters, and for what makes environments; nothing is written.

    :param list requests: one for each interpreter; environments are made by the first one's.
    :param dict environ: the caller's variables.
    :param str virtualenv_command: what the caller wants to make environments with.
    :rtype: Provision
    :raises UsageError: where a request makes no sense.
    """
    nodes = [Node(request, environ) for request in requests]
    return all_of_pip(nodes, look, virtualenv_command)


def look(node):
    """Look for what one node is asked for, and where it is missing, whether it takes root to provide it.

    :param Node node: the node and what is asked of it.
    :rtype: Provision
    """
    try:
        if "system" in node.request.sources:
            outcome = rungs.climb(node.asking(dry=True, get_pip=""), [("system", rungs.nearest(node))])
            # A link that is still to be made is something missing.
            if node.request.dry or not outcome.changed:
                return Provision([outcome])
    except NotReadyError:
        pass
    return Provision([], missing=True, needs_root=takes_root(node) and _may_become_root(node))


def _may_become_root(node):
    from . import privileges

    return privileges.may_become_root(node.environ)


def takes_root(node):
    """Say whether to provide what a node is asked for takes a root that the caller is not.

    :param Node node: the node and what is asked of it.
    :rtype: bool
    """
    if os.geteuid() == 0 or not node.request.installs:
        return False
    if node.tool.name == PIP:
        return node.request.scope == "global" and not node.interpreter.venv
    return node.request.link


def all_of_pip(nodes, provide, virtualenv_command):
    """Provide pip, what Ansible's pip module needs, and what makes environments.

    :param list nodes: one for each interpreter.
    :param provide: callable that is given a node and returns a Provision.
    :param str virtualenv_command: what the caller wants to make environments with.
    :rtype: Provision
    """
    done = Provision([])
    for node in nodes:
        done = done.and_also(provide(node))
    if not done.waits:
        done = done.and_also(_packaging_for_ansible(nodes[0], provide))
        done = done.and_also(_virtualenv(nodes[0], provide, virtualenv_command))
    return done


def _packaging_for_ansible(node, provide):
    """Give the interpreter that runs us, which is Ansible's, what Ansible's pip module needs."""
    if sys.prefix != sys.base_prefix or os.path.realpath(sys.executable) == node.platform.base:
        return Provision([])
    changes = {"python": sys.executable, "version": "", "get_pip": "", "modules": _FOR_ANSIBLE}
    try:
        done = provide(node.another(**changes))
    except Error as error:
        words = "Ansible's pip module will not work by {}: {}".format(sys.executable, error)
        return Provision([], warnings=[words])
    # It is no tool that anybody asked for: of interest is only that something was written.
    return done._replace(outcomes=[outcome for outcome in done.outcomes if outcome.changed])


def _virtualenv(node, provide, command):
    """Find out what makes environments that have a pip: the caller's, venv where it can, else virtualenv."""
    command = command if _can_be_run(command, node.environ) else venv_command(node)
    if command:
        return Provision([], virtualenv_command=command)
    for_all = node.request.scope == "global"
    made = provide(node.another(tool=VIRTUALENV, version="", get_pip="", link=for_all))
    return made._replace(virtualenv_command="".join(outcome.executable for outcome in made.outcomes))


def _can_be_run(command, environ):
    """Say whether a command is there: what an earlier play exported may be gone since."""
    program = command.split(" ")[0]
    return bool(program) and shutil.which(program, path=environ.get("PATH", os.defpath)) is not None


def venv_command(node):
    """Return what makes environments with a pip without more ado, or "" where nothing does.

    :param Node node: whose Python.
    :rtype: str
    :raises UsageError: where the Python that the caller named is none.
    """
    try:
        return node.platform.executable + " -m venv" if node.has_ensurepip else ""
    except UsageError:
        if node.request.python:
            raise
        return ""  # a tool may be there without any python3
