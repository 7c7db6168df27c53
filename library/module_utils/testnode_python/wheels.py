"""The second rung: a tool's environment out of the precache, with no network."""

import os
import re

from . import environments, receipts
from .commands import clean_environment
from .errors import Error
from .precache import INSTALLER
from .runners import STDLIB_ALONE, run_in
from .runners import environment as environment_runner

_OF_EVERY_VENV = re.compile(r"(?:python|pip)[0-9.]*|[Aa]ctivate.*")


def from_precache(request, node):
    """Make the tool's environment from the wheels that were locked for it.

    :param Request request: what is asked for.
    :param Node node: where.
    :rtype: Ready
    :raises Error: where the precache cannot serve.
    """
    precache, tool = node.precache, node.declared
    lock = precache.locked(tool.name, node.platform)
    if not node.versions.satisfies(lock.version, request.version):
        raise Error(
            "{} has {} {}, not {}".format(precache.name, tool.name, lock.version, request.version),
            "ask for another --version, or allow a mirror",
        )
    with environments.locked(node.place, node.deadline) as held:
        ready = environments.already(node, lock)
        if ready is not None:
            return ready
        receipt = environments.make(node.place, lambda tree: _fill(tree, node, lock, held))
    return environments.ready(node.place, receipt, unlocked=False)


def _fill(tree, node, lock, held):
    """Fill a tree from a lock; return its receipt."""
    precache, tool = node.precache, node.declared
    pip = [precache.locked_pip(node.platform)]
    # Environments have a pip of their own; a lock that names one knows better which.
    locked = list({wheel.name: wheel for wheel in pip + lock.wheels}.values())
    installer = precache.wheels(precache.locked(INSTALLER, node.platform))
    wheels = precache.wheels(lock._replace(wheels=locked))
    job = environment_job(tree, node.place, wheels, installer, tool.command)
    fill(job, node.platform.base, node.deadline, node.environ, held)
    command_in(tree, tool)
    return receipts.Receipt(
        tool=tool.name,
        request=node.request.version,
        command=tool.command,
        version=lock.version,
        source="precache",
        origin="the precache {}".format(precache.name),
        locked=precache.manifest.locked,
        python=node.platform.base,
        series=node.platform.series,
        made=environments.now(),
        packages=[receipts.Package(wheel.name, wheel.version, wheel.sha256) for wheel in locked],
    )


def command_in(tree, tool):
    """Return the path of a tool's program in an environment.

    :param str tree: the environment's folder.
    :param Tool tool: what it was made for.
    :rtype: str
    :raises Error: where it is not there, with the names that are.
    """
    program = os.path.join(tree, "bin", tool.command)
    if not os.path.exists(program):
        names = os.listdir(os.path.dirname(program))
        programs = sorted(name for name in names if not _OF_EVERY_VENV.fullmatch(name))
        raise Error(
            "{} has no command {}, but {}".format(
                tool.name, tool.command, ", ".join(programs) or "none at all"
            ),
            "name the right one with --command",
        )
    return program


def environment_job(tree, place, wheels=(), installer=(), command=""):
    """Return the job of the runner that makes an environment.

    :param str tree: the folder to make.
    :param Place place: what it is for.
    :param wheels: paths of the wheels to install; none makes an empty venv.
    :param installer: paths of the wheels of PyPA installer.
    :param str command: the program whose start is to be quick.
    :rtype: dict
    """
    return {
        "path": tree,
        "wheels": list(wheels),
        "installer": list(installer),
        "umask": 0o022 if place.shared else None,
        "compile": place.shared,
        "command": command,
    }


def fill(job, python, deadline, environ, lock):
    """Make an environment.

    :param dict job: from ``environment_job``.
    :param str python: the interpreter that it is made for and made by.
    :param Deadline deadline: when it is given up.
    :param dict environ: the caller's variables.
    :param int lock: descriptor of the place's lock, held until the work has ended.
    :raises CommandError: where the interpreter could not.
    """
    options = {"environ": clean_environment(environ), "keep_open": (lock,), "flags": STDLIB_ALONE}
    run_in(python, environment_runner, job, deadline, **options)
