"""The first rung: what the node has already, with the reason why each did not count."""

import os
import re
import shlex
import shutil
from typing import NamedTuple

from . import links, ownership, receipts
from .commands import clean_environment, run
from .errors import CommandError, Error, UsageError
from .outcome import Ready
from .tools import SHARED_VENV, SYSTEM_VENVS
from .versions import version_in

# A tool that needs longer to tell its version does not count as working.
_RUN_SECONDS = 15


class Candidate(NamedTuple):
    """Something that may be the tool: a program, and the environment it may lie in."""

    path: str
    tree: str


def find(request, node):
    """Find a tool that is there and satisfies the request.

    :param Request request: what is asked for.
    :param Node node: where.
    :rtype: Ready
    :raises Error: where nothing counts, with the reason for each candidate.
    :raises UsageError: where the request makes no sense.
    """
    if request.python:
        from . import interpreters

        # A Python that is not there is a mistake whatever else is.
        interpreters.locate(request.python, node.environ)
    reasons = []
    judged = set()
    for candidate in candidates(request, node):
        if candidate.path in judged:
            continue
        judged.add(candidate.path)
        try:
            return judge(candidate, node)
        except UsageError:
            raise
        except Error as error:
            reasons.append(str(error))
    if request.executable in ("", node.tool.command) and _has_own_command(node.tool):
        if not any(True for _ in _on_path(node)):
            reasons.insert(0, "no {} on PATH".format(node.tool.command))
    raise Error("; ".join(reasons))


def candidates(request, node):
    """Yield what may be the tool, in the order in which it counts.

    :rtype: iterator(Candidate)
    """
    if request.executable and request.executable != node.tool.command:
        path = _named(request.executable, node.environ)
        yield Candidate(path, _tree_of(path))
    if _has_own_command(node.tool):
        yield from _on_path(node)
    for environment in dict.fromkeys(_system_venvs(request, node.tool) + [node.own_path]):
        tree = os.path.realpath(environment)
        receipt, _ = receipts.read(tree, ownership.trusted_owners())
        ours = receipt is not None and receipt.tool == node.tool.name and not request.command
        command = receipt.command if ours else node.tool.command
        yield Candidate(os.path.join(environment, "bin", command), tree)


def _named(executable, environ):
    """Return the path that the caller means: a bare name is meant as a shell would take it."""
    if os.sep not in executable:
        return shutil.which(executable, path=environ.get("PATH", os.defpath)) or executable
    return os.path.abspath(os.path.expanduser(executable))


def _system_venvs(request, tool):
    named = [SYSTEM_VENVS[tool.name]] if tool.name in SYSTEM_VENVS and SHARED_VENV in request.venvs else []
    try:
        return named + [os.path.abspath(pattern.format(tool=tool.name)) for pattern in request.venvs]
    except (AttributeError, LookupError, ValueError) as error:
        raise UsageError(
            "{} is no pattern of system-level venvs".format(", ".join(map(repr, request.venvs))),
            "write it as in '/usr/{tool}-env'",
        ) from error


def _has_own_command(tool):
    # An environment that is wanted for its packages has none: any python is on PATH.
    return tool.command != "python"


def _on_path(node):
    seen = set()
    for folder in node.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, node.tool.command)
        if os.path.isabs(folder) and os.path.isfile(path) and os.path.realpath(path) not in seen:
            seen.add(os.path.realpath(path))
            yield Candidate(path, _tree_of(path))


def _tree_of(path):
    """Return the folder of the environment that a program would lie in."""
    return os.path.dirname(os.path.dirname(os.path.realpath(path)))


def judge(candidate, node):
    """Decide whether a candidate counts: by its receipt, else by running it.

    :param Candidate candidate: what to judge.
    :param Node node: what it must satisfy.
    :rtype: Ready
    :raises Error: saying why it does not.
    """
    path = candidate.path
    if not os.path.lexists(path):
        raise Error("{} is not there".format(path))
    if not os.access(path, os.X_OK) or os.path.isdir(path):
        raise Error("{} cannot be run".format(path))
    reason = links.fault(path, node.environ) if node.request.link else ""
    if reason:
        raise Error(reason)
    receipt, _ = receipts.read(candidate.tree, ownership.trusted_owners())
    if receipt is not None and node.request.packaged:
        raise Error("{} is not of a package, but made by testnode-python".format(path))
    if receipt is not None:
        version, python, words = _by_receipt(receipt, candidate, node)
    else:
        version, python, words = _by_running(candidate, node)
    if not node.versions.satisfies(version, node.request.version):
        raise Error("{} is {}, not {}".format(path, version or "of an unknown version", node.request.version))
    environment = _environment_of(path) if receipt is not None else ""
    return Ready(
        "{} {}, {}".format(path, version, words).replace(" , ", ", "),
        executable=path,
        version=version,
        locked=receipt.locked if receipt is not None else "",
        environment=environment,
        python=python,
    )


def _environment_of(path):
    # The link that the environment is known by, not the tree of the day behind it.
    folder = os.path.dirname(os.path.dirname(path if not os.path.islink(path) else os.readlink(path)))
    return folder if os.path.isdir(os.path.join(folder, "bin")) else _tree_of(path)


def _by_receipt(receipt, candidate, node):
    real = os.path.realpath(candidate.path)
    owners = ownership.trusted_owners()
    reason = ownership.fault(os.path.join(candidate.tree, "bin"), owners) or ownership.fault(real, owners)
    if not reason and os.geteuid() == 0:
        # Who runs it later follows the same links.
        reason = ownership.fault_with_parents(candidate.path, owners, sticky=True)
    if reason:
        raise Error(reason)
    reason = receipts.python_fault(candidate.tree, receipt)
    if reason:
        raise Error("{} was {}".format(candidate.path, reason))
    python = receipt.python
    if node.request.python and not _is_wanted(python, node):
        raise Error("{} runs on {}, not on {}".format(candidate.path, python, node.request.python))
    version = receipt.version_of(node.tool.distribution)
    if not version and receipt.tool == node.tool.name:
        version = receipt.version
    if not version:
        raise Error("{} lies in an environment without {}".format(candidate.path, node.tool.distribution))
    return version, python, "made from {} on {}".format(receipt.origin, receipt.made[:10])


def _is_wanted(python, node):
    from . import interpreters

    wanted = interpreters.locate(node.request.python, node.environ)
    # Most often the path tells; a shim or wrapper has to be asked.
    return python == os.path.realpath(wanted) or python == node.platform.base


def _by_running(candidate, node):
    path = candidate.path
    python = _shebang(path)
    if os.geteuid() == 0:
        _refuse_what_others_wrote(path, python)
    if _has_own_command(node.tool) and re.match(r"python[0-9.]*$", os.path.basename(os.path.realpath(path))):
        raise Error("{} is a Python, not {}".format(path, node.tool.name))
    if node.request.python and python and not _is_wanted(os.path.realpath(python), node):
        raise Error("{} runs on {}, not on {}".format(path, python, node.request.python))
    argv = [path] + node.tool.check
    try:
        result = run(argv, node.deadline.sooner(_RUN_SECONDS), clean_environment(node.environ))
    except CommandError as error:
        raise Error(error.cause) from error
    if result.returncode != 0:
        words = (result.stderr or result.stdout).strip().splitlines() or ["no output"]
        raise Error("{} does not work (exit code {}): {}".format(path, result.returncode, words[-1]))
    return version_in(result.stdout) or version_in(result.stderr), python, "which runs"


def _refuse_what_others_wrote(*programs):
    """Raise where somebody else than root has a say in what a program does."""
    for program in filter(os.path.lexists, programs):
        real, folder = os.path.realpath(program), os.path.dirname(program)
        looked_at = [program, folder, real, os.path.dirname(real)]
        # It makes a venv of the folder around a link to any Python.
        settings = [os.path.join(place, "pyvenv.cfg") for place in (folder, os.path.dirname(folder))]
        owners = ownership.trusted_owners()
        reasons = [
            ownership.fault(path, owners)
            for path in looked_at + [path for path in settings if os.path.lexists(path)]
        ]
        # Nor may anybody turn a link on the way.
        reasons.append(ownership.fault_with_parents(os.path.abspath(program), owners, sticky=True))
        for reason in filter(None, reasons):
            raise Error("{}: root does not run what others could have written".format(reason))


def _shebang(path):
    """Return the interpreter that a script names, or "" where it names none."""
    try:
        with open(path, "rb") as file:
            first, second = (file.readline(1024).decode("utf-8", "replace") for _ in range(2))
    except OSError:
        return ""
    words = first[2:].split()
    if first.startswith("#!/bin/sh") and second.startswith("'''exec' "):
        # As installers write it where the path has a space or is too long for a first line.
        try:
            words = shlex.split(second)[1:]
        except ValueError:
            return ""
    if not first.startswith("#!") or not words or "python" not in os.path.basename(words[0]):
        return ""
    return words[0]
