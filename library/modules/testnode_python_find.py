#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Arguments in, one call of the library, outcome out.

It brings its own library and takes nothing of Ansible's, for to load that takes longer than to look.
Python 2.7 can read it too, and so say that it is too old.  Ansible sends it as it is, and fills in the
arguments, for it has the word for these in it ("JSONARGS" in Ansible's documentation of how modules run).

What tools/embed_library.py writes is the lower part: there nothing is changed by hand.
"""

DOCUMENTATION = r"""
---
module: testnode_python_find
short_description: Look for Python tools, or for pip and what makes environments
description:
  - Tells whether all that a role is to provide is there already; it writes nothing.
  - It is quick, for on a prepared node it is all that a role does; M(testnode_python_tools) and
    M(testnode_python_pip) provide what is missing.
options:
  tools:
    description:
      - The tools, each a name or a dictionary, as of M(testnode_python_tools).
    type: list
    elements: raw
    default: []
  pip:
    description: Whether to look for pip instead, and what makes environments.
    type: bool
    default: false
  python:
    description: The Python that the tools run on, or whose pip is looked for; by default C(python3) on PATH.
    type: str
    default: ''
  version:
    description: A specifier for pip's version, as in V(<24).
    type: str
    default: ''
  scope:
    description: Whether what the user has of pip for themselves alone counts, V(user), or not, V(global).
    type: str
    choices: [global, user]
    default: global
  from_packages:
    description: Whether pip is to come from the distribution; short for O(sources=[system, packages]).
    type: bool
    default: false
  from_upstream:
    description: Whether pip is looked for in O(from_upstream_interpreters) instead of O(python).
    type: bool
    default: false
  from_upstream_interpreters:
    description: The Pythons that get-pip.py is to serve; environments are made by the first.
    type: list
    elements: str
    default: [python3]
  virtualenv_command:
    description: What the caller wants to make environments with; it is returned as it is.
    type: str
    default: ''
  venv_command:
    description: Whether to tell what makes environments, where tools are looked for.
    type: bool
    default: false
  link:
    description: Whether the tools are to run by their bare names, for everybody.
    type: bool
    default: false
  sources:
    description: What may be used; without V(system) everything is missing.
    type: list
    elements: str
    choices: [system, precache, mirror, packages]
    default: [system, precache, mirror]
  soft:
    description: Whether a Python that is too old is no failure, and a tool that makes no sense just missing.
    type: bool
    default: false
  outcome_fact:
    description: The name of a fact to be the first outcome; it is not set where something is missing.
    type: str
    default: ''
  outcomes_fact:
    description: The same for the list of all outcomes.
    type: str
    default: ''
  python2:
    description: Whether Python 2 is asked for, which is refused.
    type: bool
    default: false
notes:
  - Ansible fills in the arguments and then, in them too, the variable C(ansible_syslog_facility) in place of
    its default. Where others may set that variable, set it to V(LOG_USER) for the task, as the roles do.
author:
  - The engineers of testnode-python
"""

EXAMPLES = r"""
- name: Look for tox
  testnode_python_find:
    tools:
      - name: tox
        version: "<4"
  register: found
"""

RETURN = r"""
missing:
  description: Whether something is not there.
  type: bool
  returned: success
needs_root:
  description: Whether it takes root to provide what is missing, and the user may become it.
  type: bool
  returned: success
outcomes:
  description: One for each tool that is there; fields as of M(testnode_python_tools).
  type: list
  elements: dict
  returned: success
ansible_facts:
  description: The facts O(outcome_fact) and O(outcomes_fact).
  type: dict
  returned: where they are named and nothing is missing
interpreters:
  description: The Pythons of the requests as they were named; for pip, their full paths.
  type: list
  elements: str
  returned: success
virtualenv_command:
  description: Makes environments with a pip, as C(/usr/bin/python3 -m venv); empty where the Python cannot.
  type: str
  returned: success
"""

# Python has these since it started: nothing is looked for.
import os
import sys

PYTHON2 = (
    "Python 2 is asked for, by tox_prefer_python2 or ensure_pip_from_packages_with_python2, and not served:"
    " no tox and no pip of today runs on it; leave it out"
)
ARGUMENT_SPEC = {
    "tools": {"type": "list", "elements": "raw", "default": []},
    "pip": {"type": "bool", "default": False},
    "python": {"type": "str", "default": ""},
    "version": {"type": "str", "default": ""},
    "scope": {"type": "str", "choices": ["global", "user"], "default": "global"},
    "from_packages": {"type": "bool", "default": False},
    "from_upstream": {"type": "bool", "default": False},
    "from_upstream_interpreters": {"type": "list", "elements": "str", "default": ["python3"]},
    "virtualenv_command": {"type": "str", "default": ""},
    "venv_command": {"type": "bool", "default": False},
    "link": {"type": "bool", "default": False},
    "sources": {
        "type": "list",
        "elements": "str",
        "choices": ["system", "precache", "mirror", "packages"],
        "default": ["system", "precache", "mirror"],
    },
    "soft": {"type": "bool", "default": False},
    "outcome_fact": {"type": "str", "default": ""},
    "outcomes_fact": {"type": "str", "default": ""},
    "python2": {"type": "bool", "default": False},
}


def answer_to(params, check_mode):
    """Return what the module answers to parameters."""
    # Python 2 could not even read them.
    from testnode_python import arguments, finder
    from testnode_python.errors import Error

    if params["python2"]:
        return {"failed": True, "msg": PYTHON2}
    # Check mode or not, nothing is written; what would be, who provides says.
    try:
        if params["pip"]:
            asked = arguments.pips_of(params, os.environ)
            done = finder.pip(asked, os.environ, params["virtualenv_command"])
        else:
            asked = arguments.tools_of(params)
            done = finder.tools(asked, os.environ, params["venv_command"], params["soft"])
    except Error as error:
        if not params["soft"]:
            return {"failed": True, "msg": str(error)}
        # Who provides will say so.
        return {"changed": False, "missing": True, "needs_root": False, "outcomes": []}
    answer = arguments.answer_of(done, params, check_mode)
    return dict(answer, missing=done.missing, interpreters=[each.python for each in asked])


# Begin of what tools/embed_library.py writes: tools/standalone.py and the library, change them there.
OLDEST = (3, 6)


def main():
    """Run the module."""
    # With pipelining the program comes on standard input: "" is then the folder where it happens to run.
    if "" in sys.path:
        sys.path.remove("")
    import json

    # Ansible fills JSON in, in which three quotes never follow each other: no argument ends this text.
    given = json.loads(r"""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>""")
    settings = {name: given.pop(name) for name in list(given) if name.startswith("_ansible_")}
    answer = too_old(given)
    if not answer:
        sys.meta_path.insert(0, Importer())
        answer = _answer(given, settings)
    # A line of its own, whatever was printed before.
    print("\n" + json.dumps(answer))
    sys.exit(1 if answer.get("failed") else 0)


def too_old(given):
    """Return what the module answers where it cannot read its library, or None."""
    if sys.version_info >= OLDEST:
        return None
    words = "Python {0}.{1} is too old for testnode-python, which needs 3.6".format(*sys.version_info)
    # As parameters.py reads it.
    if str(given.get("soft")).lower().strip() in ("y", "yes", "on", "1", "true", "t"):
        nothing = {"outcomes": [], "packages": [], "needs_root": False}
        return dict(nothing, changed=False, skipped=True, msg=words)
    return {"failed": True, "msg": words + "; set ansible_python_interpreter to a newer one"}


def _answer(given, settings):
    from testnode_python import parameters
    from testnode_python.errors import UsageError

    try:
        params = parameters.read(given, ARGUMENT_SPEC)
    except UsageError as error:
        return {"failed": True, "msg": str(error)}
    answer = answer_to(params, settings.get("_ansible_check_mode", False))
    # Since 2.21 Ansible says whether it wants to have it.
    if settings.get("_ansible_inject_invocation", True):
        answer["invocation"] = {"module_args": parameters.shown(params, ARGUMENT_SPEC)}
    return answer


class Importer:
    """Imports what LIBRARY has (PEP 451)."""

    def find_spec(self, name, path=None, target=None):
        """Return where a module comes from, or None."""
        file = self.file_of(name)
        if file not in LIBRARY:
            return None
        from importlib.machinery import (
            ModuleSpec,
        )  # only now: Python 2 has none, and this, too, comes by here

        return ModuleSpec(name, self, origin=file, is_package=file.endswith("/__init__.py"))

    def create_module(self, spec):
        """Have the module made as any other."""

    def exec_module(self, module):
        """Fill a module."""
        name = module.__name__
        exec(compile(self.get_source(name), self.file_of(name), "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name):
        """Return the text of a module."""
        return LIBRARY[self.file_of(name)][1:]

    def file_of(self, name):
        """Return the name of the file that a module is in."""
        base = name.replace(".", "/")
        package = base + "/__init__.py"
        return package if package in LIBRARY else base + ".py"


# fmt: off
LIBRARY = {
    "testnode_python/__init__.py": r'''
"""Make Python tools ready on CI test nodes.

The node side (every module here but ``builder``) needs the standard library of
CPython 3.6 alone; ``builder`` is the image side and needs what the ``builder``
extra of setup.cfg names.
"""
''',
    "testnode_python/arguments.py": r'''
"""What the arguments of an Ansible module ask for, as requests, and what it answers."""

from .errors import UsageError
from .parameters import redacted
from .request import DEFAULT_TIMEOUT, Request

_FIELDS = {
    "name": "tool",
    "version": "version",
    "command": "command",
    "executable": "executable",
    "venv": "venv",
}


def tools_of(params, dry=False):
    """Return the requests of a module for tools.

    :param dict params: the module's parameters; what it does not have is as the request has it.
    :param bool dry: whether nothing is to be written.
    :rtype: list(Request)
    :raises UsageError: where a tool is given by something else than a name or a dictionary of texts.
    """
    return [_common(params, dry)._replace(**_fields_of(tool)) for tool in params["tools"]]


def pips_of(params, environ, dry=False):
    """Return the requests of a module for pip, one for each interpreter.

    :param dict params: the module's parameters.
    :param dict environ: the caller's variables.
    :param bool dry: whether nothing is to be written.
    :rtype: list(Request)
    :raises UsageError: where there is no such interpreter.
    """
    from . import interpreters  # here, because most who ask for tools need none

    upstream = params["from_upstream"]
    pythons = upstream and params["from_upstream_interpreters"] or [params["python"]]
    request = _common(params, dry)._replace(
        tool="pip",
        version=params["version"],
        scope=params["scope"],
        get_pip=params.get("from_upstream_url", "") if upstream else "",
    )
    if params["from_packages"]:
        request = request._replace(sources=("system", "packages"))
    return [request._replace(python=interpreters.locate(python, environ)) for python in pythons]


def without_secrets(module, *names):
    """Let Ansible tell a module's URLs, which it hides as a whole, without what is secret in them.

    :param AnsibleModule module: the module; its parameters are changed.
    :param names: of those that are a URL or a list of them.
    :returns: the parameters as they were given.
    :rtype: dict
    """
    params = dict(module.params)
    for name in names:
        given = params[name]
        # Of the URLs only the secrets are secret, and those the library never tells.
        module.no_log_values.difference_update([given] if isinstance(given, str) else given)
        module.params[name] = redacted(given)
    return params


def answer_of(done, params, check_mode):
    """Return what the answers of all modules have.

    Facts outlive the play: there is none of what waits for another call or check mode only promises.

    :param Provision done: what came of it.
    :param dict params: the module's parameters.
    :param bool check_mode: whether the module only promises.
    :rtype: dict
    """
    outcomes = [outcome.as_dict() for outcome in done.outcomes]
    unfinished = done.waits or (check_mode and done.changed)
    return dict(
        {} if unfinished else facts_of(params, outcomes),
        changed=done.changed,
        needs_root=done.needs_root,
        outcomes=outcomes,
        virtualenv_command=done.virtualenv_command,
    )


def failure_of(error):
    """Return what a module that makes tools ready answers to an error.

    :param Error error: what went wrong.
    :rtype: dict
    """
    outcome = getattr(error, "outcome", None)
    return {"failed": True, "msg": str(error), "outcome": outcome.as_dict() if outcome else {}}


def facts_of(params, outcomes):
    """Return the facts that a module is to set, as the part of its answer that does.

    :param dict params: the module's parameters, ``outcome_fact`` and ``outcomes_fact`` among them.
    :param list outcomes: plain data.
    :rtype: dict
    """
    facts = {}
    if params["outcome_fact"] and outcomes:
        facts[params["outcome_fact"]] = outcomes[0]
    if params.get("outcomes_fact"):
        facts[params["outcomes_fact"]] = outcomes
    return {"ansible_facts": facts} if facts else {}


def _common(params, dry):
    return Request(
        tool="",
        sources=tuple(params["sources"]),
        precache=params.get("precache", ""),
        mirrors=tuple(params.get("mirrors", ())),
        python=params["python"],
        link=params.get("link", False),
        packaged=params.get("packaged", False),
        timeout=params.get("timeout", DEFAULT_TIMEOUT),
        dry=dry,
    )


def _fields_of(tool):
    given = tool if isinstance(tool, dict) else {"name": tool}
    unknown = sorted(str(key) for key in set(given) - set(_FIELDS))
    if given.get("name") is None:
        raise UsageError("{} has no name".format(given or "an empty entry"), "write it as in {name: tox}")
    if unknown:
        raise UsageError(
            "a tool has a name, and perhaps version, command, executable and venv, but not {}".format(
                ", ".join(unknown)
            )
        )
    return {_FIELDS[key]: str(value) for key, value in given.items() if value is not None}
''',
    "testnode_python/commands.py": r'''
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
''',
    "testnode_python/discovery.py": r'''
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
    if first.startswith("#!/bin/sh") and second.startswith("''' "'''" r'''exec' "):
        # As installers write it where the path has a space or is too long for a first line.
        try:
            words = shlex.split(second)[1:]
        except ValueError:
            return ""
    if not first.startswith("#!") or not words or "python" not in os.path.basename(words[0]):
        return ""
    return words[0]
''',
    "testnode_python/errors.py": r'''
"""What can go wrong, as sentences: a cause and a cure."""


class Error(Exception):
    """Base of every expected failure; ``str()`` is a sentence for people.

    :param str cause: what is wrong, naming the thing it is wrong with.
    :param str cure: what to do about it; empty where the cause says it.
    """

    def __init__(self, cause, cure=""):
        super().__init__(cause, cure)
        self.cause = cause
        self.cure = cure

    def __str__(self):
        return "; ".join(part for part in (self.cause, self.cure) if part)


class UsageError(Error):
    """The request itself makes no sense: a bad name, specifier or option."""


class CommandError(Error):
    """A program that we started failed.

    :param list argv: the program and its arguments.
    :param int returncode: its exit code, or None where it did not end in time.
    :param str output: what it printed, with secrets removed.
    """

    def __init__(self, cause, argv, returncode=None, output=""):
        super().__init__(cause)
        self.argv = argv
        self.returncode = returncode
        self.output = output


class PrecacheError(Error):
    """A precache that is not there, not to be trusted or not whole.

    :param str path: the file or folder at fault.
    """

    def __init__(self, path, cause, cure=""):
        super().__init__(cause, cure)
        self.path = path


class MirrorError(Error):
    """An index that did not give what it was asked for.

    :param str url: the index, without credentials.
    """

    def __init__(self, url, cause, cure=""):
        super().__init__(cause, cure)
        self.url = url


class PlaceError(Error):
    """An environment cannot be made where it was wanted.

    :param str path: the place.
    """

    def __init__(self, path, cause, cure=""):
        super().__init__(cause, cure)
        self.path = path


class NotReadyError(Error):
    """No source made the tool ready.

    :param Outcome outcome: every attempt and its reason.
    """

    def __init__(self, outcome, cause, cure=""):
        super().__init__(cause, cure)
        self.outcome = outcome
''',
    "testnode_python/finder.py": r'''
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
''',
    "testnode_python/interpreters.py": r'''
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
''',
    "testnode_python/links.py": r'''
"""Global links: a tool by its bare name, for everybody, and leading only to what is root's."""

import os
import re
import shutil

from . import ownership
from .errors import Error, PlaceError

FOLDER = "/usr/local/bin"
# Whatever else they may be: what everybody runs belongs to root alone.
_OWNERS = {0}


def fault(executable, environ):
    """Say why a program cannot be what everybody gets by its bare name.

    :param str executable: its path.
    :param dict environ: the caller's variables; who is not root cannot make a
        link, so for them it must be on PATH already.
    :returns: a reason, or "" where there is none.
    :rtype: str
    """
    reason = ownership.fault_with_parents(executable, _OWNERS)
    if reason:
        return "{}: a global link leads only to what is root's alone".format(reason)
    if os.geteuid() != 0 and not is_on_path(executable, environ):
        return "{} does not run by its bare name".format(executable)
    return ""


def is_on_path(executable, environ):
    """Say whether a program is what a shell runs by its bare name."""
    found = shutil.which(os.path.basename(executable), path=environ.get("PATH", os.defpath))
    return found is not None and os.path.realpath(found) == os.path.realpath(executable)


def make(executable, environ, folder=FOLDER, dry=False):
    """Make a program run by its bare name, for everybody.

    :param str executable: the program.
    :param dict environ: the caller's variables.
    :param str folder: where the link goes.
    :param bool dry: nothing is written, but told what would be.
    :returns: the link's path, or "" where none is needed.
    :rtype: str
    :raises Error: where the program is not root's, or has a name that must not lead elsewhere.
    :raises PlaceError: where the link cannot be made.
    """
    if re.fullmatch("python[0-9.]*", os.path.basename(executable)):
        raise Error("{} is an environment's Python, and no tool to run by its bare name".format(executable))
    reason = fault(executable, environ)
    if reason:
        raise Error(reason)
    if is_on_path(executable, environ):
        return ""
    path = os.path.join(folder, os.path.basename(executable))
    if os.path.lexists(path) and not os.path.islink(path):
        raise PlaceError(
            path,
            "{} is there already and is no link, so it stays as it is".format(path),
            "remove it, or ask for the tool without a global link",
        )
    # A root whose PATH lacks the folder has the right link all the same.
    if os.path.realpath(path) == os.path.realpath(executable):
        return ""
    if dry:
        return path
    new = os.path.join(folder, ".{}.new".format(os.path.basename(executable)))
    try:
        os.makedirs(folder, exist_ok=True)
        if os.path.lexists(new):
            os.unlink(new)
        os.symlink(executable, new)
        os.replace(new, path)
    except OSError as error:
        raise PlaceError(path, "the link {} cannot be made: {}".format(path, error.strerror)) from error
    return path
''',
    "testnode_python/outcome.py": r'''
"""What came of a request: for people, for scripts and for Ansible alike."""

import json
from typing import List, NamedTuple

SOURCES = ("system", "precache", "mirror", "packages")


class Attempt(NamedTuple):
    """One rung of the ladder: ``reason`` says why it did not serve, or what it gave.

    ``cure`` says what would make it serve, where that is known.
    """

    source: str
    succeeded: bool
    reason: str
    cure: str
    seconds: float

    def __str__(self):
        return "{:<8}  {}  ({:.1f} s)".format(self.source, self.reason, self.seconds)


class Ready(NamedTuple):
    """What a rung gave; ``words`` say so to people, the rest is as in ``Outcome``."""

    words: str
    executable: str
    version: str
    changed: bool = False
    locked: str = ""
    unlocked: bool = False
    environment: str = ""
    python: str = ""
    link: str = ""


class Outcome(NamedTuple):
    """The end of a request.

    ``executable``, ``version`` and ``source`` are "" where nothing served;
    ``changed`` says whether anything was written; ``locked`` is the date of the
    lock that gave the version, "" for what we did not make and for a mirror's newest;
    ``unlocked`` says that a mirror's newest was taken; ``environment`` is the
    path of the environment, "" for what lies elsewhere; ``python`` the interpreter;
    ``link`` the global link that was made, or "".
    """

    tool: str
    executable: str
    version: str
    source: str
    changed: bool
    locked: str
    unlocked: bool
    environment: str
    python: str
    seconds: float
    attempts: List[Attempt]
    link: str = ""

    @classmethod
    def unready(cls, tool):
        """Return the outcome of a request for a tool that made no sense: nothing was tried."""
        return cls(tool, "", "", "", False, "", False, "", "", 0.0, [])

    def as_dict(self):
        """Return plain data, the same for JSON and for Ansible."""
        data = dict(self._asdict())
        data["seconds"] = round(self.seconds, 3)
        data["attempts"] = [
            dict(attempt._asdict(), seconds=round(attempt.seconds, 3)) for attempt in self.attempts
        ]
        return data

    def as_json(self):
        """Return the outcome as one JSON document."""
        return json.dumps(self.as_dict(), indent=2, sort_keys=True)
''',
    "testnode_python/ownership.py": r'''
"""Whom a file may belong to so that we believe what it says."""

import os
import stat

_OVERFLOW_UID = "/proc/sys/kernel/overflowuid"
# As many as the kernel follows (path_resolution(7)).
_MOST_LINKS = 40


def _overflow_uid():
    # Every owner that a user namespace does not know shows as this one.
    try:
        with open(_OVERFLOW_UID) as file:
            return int(file.read())
    except (OSError, ValueError):
        return 65534


def trusted_owners(uid=None):
    """Return the users whose files we believe: root and the caller.

    :param int uid: the caller; by default the effective user.
    :rtype: set(int)
    """
    return {0, os.geteuid() if uid is None else uid} - {_overflow_uid()}


def fault(path, owners):
    """Say why a file or folder is not to be trusted.

    :param str path: what to look at; a link is judged itself, not where it leads.
    :param set owners: users that may own it.
    :returns: a reason, or "" where there is none.
    :rtype: str
    """
    try:
        status = os.lstat(path)
    except OSError as error:
        return "{} cannot be read: {}".format(path, error.strerror)
    if status.st_uid not in owners:
        return "{} belongs to user {}, not to {}".format(
            path,
            status.st_uid,
            " or ".join("root" if owner == 0 else "user {}".format(owner) for owner in sorted(owners)),
        )
    if not stat.S_ISLNK(status.st_mode) and status.st_mode & 0o022:
        return "{} may be written by others (mode {:04o})".format(path, stat.S_IMODE(status.st_mode))
    return ""


def fault_with_parents(path, owners, sticky=False):
    """Say why a path is not to be trusted, or any folder or link that leads to it.

    :param str path: an absolute path.
    :param set owners: users that may own what is on the way.
    :param bool sticky: whether a folder like /tmp may be on the way, in which everybody may write,
        but nobody can turn what is another one's.
    :returns: a reason, or "" where there is none.
    :rtype: str
    """
    for step in _steps(path):
        if sticky and _is_sticky(step, owners):
            continue
        reason = fault(step, owners)
        if reason:
            return reason
    return ""


def _is_sticky(path, owners):
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and bool(status.st_mode & stat.S_ISVTX) and status.st_uid in owners


def _steps(path):
    """Yield every folder and link that the kernel passes on its way to a path."""
    current = "/"
    parts = path.split("/")
    links = 0
    yield current
    while parts:
        part = parts.pop(0)
        if part in ("", "."):
            continue
        step = os.path.dirname(current) if part == ".." else os.path.join(current, part)
        yield step
        if os.path.islink(step) and links < _MOST_LINKS:
            links += 1
            target = os.readlink(step)
            parts = target.split("/") + parts
            current = "/" if target.startswith("/") else current
        else:
            current = step
''',
    "testnode_python/parameters.py": r'''
"""Read a module's parameters as Ansible's AnsibleModule does, for modules that do without it."""

from .errors import UsageError
from .redaction import redact

# 1.0 and True are 1 there, 0.0 and False are 0.
_TRUE = {"y", "yes", "on", "1", "true", "t", 1}
_FALSE = {"n", "no", "off", "0", "false", "f", 0}


def read(given, spec):
    """Return the value of each parameter: what was given, as its type, or the default.

    :param dict given: of JSON, by name.
    :param dict spec: options by name, as ``argument_spec`` has them: each with ``type``, with ``default`` or
        ``required``, and perhaps ``elements``, ``choices`` and ``no_log``.
    :rtype: dict
    :raises UsageError: where one is missing, unknown, of another type or none of the choices.

    Source: ``ansible.module_utils.common.validation``.
    """
    unknown = sorted(set(given) - set(spec))
    if unknown:
        raise UsageError(
            "there is no parameter {}".format(", ".join(unknown)),
            "choose from {}".format(", ".join(sorted(spec))),
        )
    missing = sorted(name for name, each in spec.items() if each.get("required") and name not in given)
    if missing:
        raise UsageError("{} must be given".format(", ".join(missing)))
    return {name: _value(name, given.get(name, each.get("default")), each) for name, each in spec.items()}


def shown(params, spec):
    """Return parameters as they may be shown: URLs in what is not to be logged are without what is secret.

    :param dict params: what ``read`` gave.
    :param dict spec: as for that.
    :rtype: dict
    """
    return {name: redacted(value) if spec[name].get("no_log") else value for name, value in params.items()}


def redacted(value):
    """Return a parameter without what is secret in its URLs.

    :param value: a URL or a list of them.
    """
    return redact(value) if isinstance(value, str) else [redact(url) for url in value]


def _value(name, given, option):
    try:
        value = _TYPES[option["type"]](given)
        if "elements" in option:
            value = [_TYPES[option["elements"]](each) for each in value]
        if option.get("no_log"):
            _check_urls(given)
    except TypeError as error:
        told = "" if option.get("no_log") else ": {}".format(redact(repr(given)))
        raise UsageError("{} is {}{}".format(name, error, told)) from None
    if "choices" in option:
        _choose(name, value if isinstance(value, list) else [value], option["choices"])
    return value


def _check_urls(given):
    # As text a dictionary would be shown with all that is secret in it.
    if any(isinstance(each, (dict, list)) for each in (given if isinstance(given, list) else [given])):
        raise TypeError("no URL")


def _choose(name, values, choices):
    wrong = [redact(repr(value)) for value in values if value not in choices]
    if wrong:
        cure = "choose from {}".format(", ".join(choices))
        raise UsageError("{} in {} is no choice".format(", ".join(wrong), name), cure)


def _text(value):
    # None is what a template without native types made "" of; Ansible itself reads it so since 2.19.
    return "" if value is None else str(value)


def _truth(value):
    word = value.lower().strip() if isinstance(value, str) else value
    if isinstance(value, (str, int, float)) and word in _TRUE | _FALSE:
        return word in _TRUE
    raise TypeError("neither true nor false")


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError("no number") from None


def _list(value):
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return value.split(",")
    if isinstance(value, (int, float)):
        return [str(value)]
    raise TypeError("no list")


def _anything(value):
    return value


_TYPES = {"str": _text, "bool": _truth, "float": _number, "list": _list, "raw": _anything}
''',
    "testnode_python/privileges.py": r'''
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
''',
    "testnode_python/receipts.py": r'''
"""The receipt in an environment: what it is, so that nobody has to run it to know."""

import json
import os
from typing import List, NamedTuple

from . import ownership
from .tools import normalize

FORMAT = 1
FILE_NAME = "testnode-python.json"
UNFINISHED = FILE_NAME + ".unfinished"


class Package(NamedTuple):
    """A distribution in an environment; ``sha256`` is "" where no lock gave it."""

    name: str
    version: str
    sha256: str


class Receipt(NamedTuple):
    """What was made, from what, for which request.

    ``python`` is the real binary of the interpreter, ``series`` as in ``3.11``;
    ``locked`` the date of the lock or "" where the version was a mirror's newest;
    ``made`` the moment (ISO 8601, UTC).
    """

    tool: str
    request: str
    command: str
    version: str
    source: str
    origin: str
    locked: str
    python: str
    series: str
    made: str
    packages: List[Package]

    def version_of(self, distribution):
        """Return the version of a distribution in the environment, or ""."""
        versions = {normalize(package.name): package.version for package in self.packages}
        return versions.get(normalize(distribution), "")


def write(tree, receipt):
    """Finish an environment: its receipt appears whole, and last.

    :param str tree: the environment's folder.
    :param Receipt receipt: what to write.
    :raises OSError: where the disk does not take it.
    """
    data = receipt._asdict()
    data["format"] = FORMAT
    data["packages"] = [dict(package._asdict()) for package in receipt.packages]
    unfinished = os.path.join(tree, UNFINISHED)
    with open(unfinished, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1, sort_keys=True)
        file.write("\n")
        # Whatever the umask: one that others may write is not believed.
        os.fchmod(file.fileno(), 0o644)
    os.replace(unfinished, os.path.join(tree, FILE_NAME))


def read(tree, owners):
    """Read the receipt of an environment, if there is one to be trusted.

    :param str tree: the environment's folder, no link.
    :param set owners: users whose receipts count.
    :returns: the receipt and "", or None and why not.
    :rtype: tuple(Receipt or None, str)
    """
    path = os.path.join(tree, FILE_NAME)
    if not os.path.lexists(path):
        return None, "it has no receipt"
    reason = ownership.fault(tree, owners) or ownership.fault(path, owners)
    if reason:
        return None, reason
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        return None, "its receipt cannot be read: {}".format(error)
    return loads(content)


def loads(content):
    """Read a receipt's content.

    :param bytes content: of the file.
    :returns: the receipt and "", or None and why not.
    :rtype: tuple(Receipt or None, str)
    """
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return None, "its receipt cannot be read: {}".format(error)
    try:
        if data.pop("format") != FORMAT:
            return None, "its receipt is of another release of testnode-python"
        packages = [Package(**_texts(package)) for package in data.pop("packages")]
        return Receipt(packages=packages, **_texts(data)), ""
    except (AttributeError, KeyError, TypeError):
        return None, "its receipt is damaged"


def python_fault(tree, receipt):
    """Say why an environment's Python is not the one of its receipt, or return "".

    :param str tree: the environment's folder.
    :param Receipt receipt: its receipt.
    :rtype: str
    """
    python = os.path.realpath(os.path.join(tree, "bin", "python"))
    if python == receipt.python and os.access(python, os.X_OK):
        return ""
    return "made for {}, which is not there any more".format(receipt.python)


def _texts(data):
    if not all(isinstance(value, str) for value in data.values()):
        raise TypeError("not only texts")
    return data
''',
    "testnode_python/redaction.py": r'''
"""Keep secrets out of everything that a person or a log gets to see."""

import re

# Texts that ``re`` compiles when there is a URL: most nodes have none, and each start would pay.
_USERINFO = r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/]*@"
_QUERY = r"([A-Za-z][A-Za-z0-9+.-]*://[^\s?#'\"<>]*)\?[^\s#'\"<>]*"
# Shorter ones would mutilate ordinary words; inside URLs they go all the same.
_SHORTEST_SECRET = 3


def secrets_of(url):
    """Return the secrets in a URL as they could turn up outside of it.

    :param str url: any URL.
    :returns: password (or token) and query string, as written and decoded, and what a header has of it.
    :rtype: set(str)
    """
    from urllib.parse import unquote, urlsplit  # here, because few nodes have URLs to read

    # Anything may be given as a URL; a proxy may be written without a scheme.
    try:
        parts = urlsplit(url if "://" in url else "//" + url)
        # A user name alone is a token; beside a password it may be any word, such as "root".
        words = [parts.password or parts.username or "", parts.query]
    except ValueError:
        return set()
    words += [value for _, _, value in (pair.partition("=") for pair in parts.query.split("&"))]
    words += [unquote(word) for word in words]
    if parts.username or parts.password:
        words.append(encoded(parts.username or "", parts.password))
    return {word for word in words if len(word) >= _SHORTEST_SECRET}


def encoded(user, password):
    """Return an account as the header of Basic authentication has it (RFC 7617).

    :param str user: as written in a URL.
    :param str password: the same; None for none.
    :rtype: str
    """
    import base64  # as above
    from urllib.parse import unquote

    pair = "{}:{}".format(unquote(user), unquote(password or ""))
    return base64.b64encode(pair.encode()).decode()


def redact(text, secrets=()):
    """Return the text without user names, passwords and query strings of URLs.

    :param str text: a message, or the output of a program.
    :param secrets: further strings that must not appear (iterable of str).
    :rtype: str
    """
    if "://" in text:
        text = re.sub(_QUERY, r"\1", re.sub(_USERINFO, r"\1", text))
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
''',
    "testnode_python/request.py": r'''
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
''',
    "testnode_python/rungs.py": r'''
"""Climbing: one source is asked after the other, and the reason of each is kept."""

import time

from . import links
from .errors import Error, NotReadyError, UsageError
from .outcome import Attempt, Outcome
from .redaction import redact
from .tools import PIP


def nearest(node):
    """Return what asks the first source; loaded only now, for it is one or the other.

    :param Node node: the node and what is asked of it.
    :returns: callable of a request and a node that gives a Ready.
    """
    if node.tool.name == PIP:
        from . import sites

        return sites.find
    from . import discovery

    return discovery.find


def climb(node, rungs, report=None):
    """Ask one source after the other until one serves.

    :param Node node: the node and what is asked of it.
    :param rungs: pairs of a source's name and the callable that asks it (iterable).
    :param report: callable that is given each Attempt when it has ended.
    :rtype: Outcome
    :raises NotReadyError: where no source served; it carries the outcome.
    :raises UsageError: where the request makes no sense.
    """
    begun = time.monotonic()
    attempts = []
    for source, rung in rungs:
        ready, attempt = _try(source, rung, node)
        attempts.append(attempt)
        if report is not None:
            report(attempt)
        if ready is not None:
            return _outcome(node, attempts, time.monotonic() - begun, ready)
    raise _nothing_served(_outcome(node, attempts, time.monotonic() - begun, None))


def _try(source, rung, node):
    """Try one rung; return what it gave, or None, and the attempt either way."""
    begun = time.monotonic()
    ready, cure = None, ""
    if source not in node.request.sources:
        reason = "not allowed (sources: {})".format(", ".join(node.request.sources))
    elif not node.deadline.left():
        reason = "no time was left ({:g} s in all)".format(node.request.timeout)
    else:
        try:
            ready = rung(node.request, node)
            if node.request.link:
                ready = _linked(ready, node)
            reason = ready.words
        except UsageError:
            raise
        except Error as error:
            # A tool whose link could not be made is not what was asked for.
            ready, reason, cure = None, error.cause, error.cure
    reason, cure = (redact(words, node.secrets()) for words in (reason, cure))
    return ready, Attempt(source, ready is not None, reason, cure, time.monotonic() - begun)


def _linked(ready, node):
    link = links.make(ready.executable, node.environ, dry=node.request.dry)
    return ready._replace(link=link, changed=ready.changed or bool(link)) if link else ready


def _outcome(node, attempts, seconds, ready):
    return Outcome(
        tool=node.tool.name,
        executable=ready.executable if ready else "",
        version=ready.version if ready else "",
        source=attempts[-1].source if ready else "",
        changed=bool(ready and ready.changed),
        locked=ready.locked if ready else "",
        unlocked=bool(ready and ready.unlocked),
        environment=ready.environment if ready else "",
        python=ready.python if ready else "",
        seconds=seconds,
        attempts=attempts,
        link=ready.link if ready else "",
    )


def _nothing_served(outcome):
    lines = ["{} could not be made ready".format(outcome.tool)]
    for attempt in outcome.attempts:
        lines.append("  {:<8}  {}".format(attempt.source, attempt.reason))
        if attempt.cure:
            lines.append("  {:<8}  -> {}".format("", attempt.cure))
    return NotReadyError(outcome, "\n".join(lines))
''',
    "testnode_python/runners/__init__.py": r'''
"""Programs that run in another interpreter than ours.

Each is one file that imports only the standard library, is handed over as
text (``python -c``, so it also works out of a zip file or an Ansible module),
reads its job as JSON on standard input and prints its answer as the last line.
"""

import json

from ..commands import last_lines, run
from ..errors import CommandError

# What an interpreter sees of variables and of what is installed: options of its command line.
ISOLATED = ("-I",)
STDLIB_ALONE = ("-I", "-S")
AS_IN_A_SHELL = ()

# Of a program's last line that is shown; what is no Python may repeat the text that it was given.
_LONGEST = 300


def start(python, runner, job, deadline, **options):
    """Start one of the runners in an interpreter and wait for its end.

    :param str python: path of the interpreter.
    :param module runner: a module of this package.
    :param dict job: what it is to do.
    :param Deadline deadline: when it is killed.
    :param options: ``environ`` and ``keep_open`` of ``commands.run``, and ``flags``: ISOLATED,
        STDLIB_ALONE or AS_IN_A_SHELL.
    :rtype: Result
    :raises CommandError: where it cannot be started or does not end in time.
    """
    flags = options.pop("flags", ISOLATED)
    # The loader finds the text in a zip file, too.
    argv = [python, *flags] + ["-c", runner.__loader__.get_source(runner.__name__)]
    return run(argv, deadline, stdin=json.dumps(job), **options)


def run_in(python, runner, job, deadline, **options):
    """Run one of the runners and read its answer; arguments as for ``start``.

    :returns: its answer.
    :rtype: dict
    :raises CommandError: where it fails or its answer cannot be read.
    """
    result = start(python, runner, job, deadline, **options)
    shown = [python, runner.__name__.rpartition(".")[2]]
    if result.returncode != 0:
        words = last_lines(result.stderr)
        cause = words.splitlines()[-1][-_LONGEST:] if words else "exit code {}".format(result.returncode)
        raise CommandError("{} failed: {}".format(" ".join(shown), cause), shown, result.returncode, words)
    try:
        return json.loads(result.stdout.rstrip("\n").rpartition("\n")[2])
    except ValueError as error:
        raise CommandError(
            "{} gave no answer".format(" ".join(shown)), shown, 0, last_lines(result.stdout)
        ) from error
''',
    "testnode_python/runners/probe.py": r'''
"""Tell what this interpreter can do (runs in the interpreter in question)."""

import sys

# As ``python -m`` in a shell sees it, less the current folder.
if sys.path and sys.path[0] == "":
    del sys.path[0]

import importlib.util
import json
import os
import site
import sysconfig
import warnings


def libc():
    """Return the C library's name and version, as in ``["glibc", [2, 36]]``."""
    try:
        name, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
        return [name, [int(part) for part in version.split(".")[:2]]]
    except (AttributeError, OSError, ValueError):
        return ["", [0, 0]]


def machine():
    """Return the machine that wheels are chosen for: that of the interpreter."""
    name = sysconfig.get_platform().rpartition("-")[2]
    # A 32-bit interpreter on a 64-bit kernel (as pip decides it).
    if sys.maxsize < 2**32:
        name = {"x86_64": "i686", "aarch64": "armv7l"}.get(name, name)
    return name


def spec_of(module):
    """Return the module's spec, or None where importing it would fail."""
    try:
        with warnings.catch_warnings():
            # To find a submodule imports its package, which may have something to say.
            warnings.simplefilter("ignore")
            return importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None


def installed(name):
    """Return version and place of a distribution that can be imported, or None.

    Read from the metadata beside it: Python 3.6 has no importlib.metadata, and a
    killed pip leaves packages that can be imported and are not whole.
    """
    spec = spec_of(name)
    if spec is None or not spec.origin:
        return None
    folder = os.path.dirname(os.path.dirname(spec.origin))
    try:
        entries = os.listdir(folder)
    except OSError:
        entries = []
    for entry in sorted(entries):
        stem, extension = os.path.splitext(entry)
        metadata = os.path.join(folder, entry)
        if extension not in (".dist-info", ".egg-info") or stem.lower().partition("-")[0] != name:
            continue
        # pip writes these two last; distributions drop the second one, and a full disk leaves it empty.
        record = os.path.join(metadata, "RECORD")
        finished = os.path.exists(os.path.join(metadata, "INSTALLER")) or (
            os.path.exists(record) and os.path.getsize(record) > 0
        )
        if finished or extension == ".egg-info":
            version = stem.partition("-")[2].partition("-py")[0]
            return {"version": version, "folder": folder, "metadata": metadata}
    return None


def has_distutils():
    """Say whether distutils is whole; looked for as a file, for importing it has effects on others."""
    for folder in sys.path:
        package = os.path.join(folder, "distutils")
        if os.path.isfile(os.path.join(package, "__init__.py")):
            return os.path.isfile(os.path.join(package, "cmd.py"))
    return False


def pip_uses_sysconfig():
    """Say whether pip here does without distutils, which distributions split off (pip's own rule)."""
    return bool(getattr(sysconfig, "_PIP_USE_SYSCONFIG", sys.version_info >= (3, 10)))


def pip_command(pip, scripts):
    """Return the path of this interpreter's own pip3, or "".

    pip's RECORD knows it; distributions drop that file and use their own place.
    """
    if not pip:
        return ""
    candidates = []
    try:
        with open(os.path.join(pip["metadata"], "RECORD"), encoding="utf-8") as record:
            for line in record:
                path = line.split(",")[0]
                if path.endswith("/pip3"):
                    candidates.append(os.path.normpath(os.path.join(pip["folder"], path)))
    except OSError:
        pass
    for path in candidates + [os.path.join(folder, "pip3") for folder in scripts]:
        if os.access(path, os.X_OK):
            return path
    return ""


def bundled_pip():
    """Return the pip wheel that ensurepip would install, or "" where there is none."""
    spec = spec_of("ensurepip")
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR")]
    if spec is not None:
        folders.append(os.path.join(os.path.dirname(spec.origin), "_bundled"))
    # Debian keeps them there and patches ensurepip to look.
    folders.append("/usr/share/python-wheels")
    for folder in folders:
        if folder and os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                if name.startswith("pip-") and name.endswith(".whl"):
                    return os.path.join(folder, name)
    return ""


def has_ensurepip():
    """Say whether ensurepip, and so venv with a pip, is really there: distributions split it off."""
    return spec_of("ensurepip") is not None and bool(bundled_pip())


def platform():
    """Return what this binary is, whatever is installed beside it."""
    return {
        "executable": sys.executable,
        "base": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
        "version": "{}.{}.{}".format(*sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "machine": machine(),
        "libc": libc(),
    }


def facts():
    """Return all that is known of this interpreter."""
    modules = {name: installed(name) for name in ("pip", "setuptools", "wheel", "packaging")}
    default_scheme = getattr(sysconfig, "get_default_scheme", lambda: "posix_prefix")()
    stdlib = sysconfig.get_path("stdlib", default_scheme) or ""
    marker = os.path.join(stdlib, "EXTERNALLY-MANAGED")
    in_venv = sys.prefix != sys.base_prefix
    user_scripts = sysconfig.get_path("scripts", "posix_user")
    global_scripts = sysconfig.get_path("scripts")
    return {
        "platform": platform(),
        "prefix": sys.prefix,
        "venv": in_venv,
        "ensurepip": has_ensurepip(),
        "distutils": has_distutils(),
        "pip_runs": pip_uses_sysconfig() or has_distutils(),
        "externally_managed": marker if os.path.exists(marker) and not in_venv else "",
        "modules": {name: module for name, module in modules.items() if module},
        "user_site": site.getusersitepackages(),
        "user_site_on": bool(site.ENABLE_USER_SITE),
        "global_site": sysconfig.get_path("purelib"),
        "pkg_resources": spec_of("pkg_resources") is not None,
        "pip_command": pip_command(
            modules["pip"], [global_scripts, os.path.join(sys.prefix, "bin"), user_scripts]
        ),
        "bundled_pip": bundled_pip(),
    }


if __name__ == "__main__":
    print("\n" + json.dumps(facts()))
''',
    "testnode_python/sites.py": r'''
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
''',
    "testnode_python/tools.py": r'''
"""The tools that a node can be asked for, by name.

``toolset.toml`` declares the tools and the manifest of a precache carries them
to the node.  A node without a precache knows them from the table below, which
holds only what differs from the rule (the tool, its requirement and its
command have one name); a test holds it against ``toolset.toml``.
"""

import re
from typing import List, NamedTuple

from .errors import UsageError

# https://packaging.python.org/en/latest/specifications/name-normalization/
NAME = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$")
COMMAND = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")


class Tool(NamedTuple):
    """A Python program that jobs call.

    ``requirements`` are PEP 508 strings, markers included; the first is the
    distribution whose version is the tool's.  ``command`` is the program that
    the outcome names; ``check`` are the arguments with which it proves that it
    runs.
    """

    name: str
    requirements: List[str]
    command: str
    check: List[str]

    @property
    def distribution(self):
        """Normalized name of the distribution whose version is the tool's."""
        return normalize(re.split(r"[^A-Za-z0-9._-]", self.requirements[0], maxsplit=1)[0])


def normalize(name):
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


# System-level venvs as images have them, and those of them that have another name.
SHARED_VENV = "/usr/{tool}-env"
SYSTEM_VENVS = {"glean": "/usr/glean", "zuul-cloner": "/usr/zuul-env"}


def system_venv(name, pattern=SHARED_VENV):
    """Return the path of a tool's system-level venv.

    :param str name: the tool's name.
    :param str pattern: where most are, with ``{tool}``.
    :rtype: str
    """
    return SYSTEM_VENVS.get(name) or pattern.format(tool=name)


PIP = "pip"
# What pip needs to build wheels and to serve Ansible's pip module besides itself.
PIP_COMPANIONS = ["setuptools", "wheel", "packaging"]

# As the extra `builder` of setup.cfg.
BUILDER_LIBRARIES = [
    "requests>=2.31",
    "packaging>=26.1",
    "rich>=13.0",
    "uv>=0.8",
    "tomli>=2.0; python_version < '3.11'",
]

_EXCEPTIONS = {
    tool.name: tool
    for tool in (
        Tool("pip", ["pip"] + PIP_COMPANIONS, "pip3", ["--version"]),
        Tool("build", ["build"], "pyproject-build", ["--version"]),
        # 2.x, the last below Python 3.8, imports six and does not say so.
        Tool("os-testr", ["os-testr", "six; python_version < '3.8'"], "subunit-trace", ["--help"]),
        Tool("glean", ["glean", "pbr"], "glean", ["--help"]),
        Tool("zuul-cloner", ["PyYAML"], "python", ["-c", "import yaml"]),
        # 0.4, which Python 3.6 gets, has no __main__.
        Tool("installer", ["installer"], "python", ["-c", "import installer"]),
        Tool("builder", BUILDER_LIBRARIES, "python", ["-c", "import requests, packaging.pylock, rich, uv"]),
    )
}


def tool_named(name, command=""):
    """Return what is known of a tool without a precache.

    :param str name: the tool's name: a PyPI name, or one of the toolset.
    :param str command: its program where that has another name.
    :rtype: Tool
    :raises UsageError: where either could not be a name.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            "{!r} is not the name of a tool".format(name),
            "write a name of letters, digits, '.', '-' and '_'; versions go to --version",
        )
    if command and not COMMAND.fullmatch(command):
        raise UsageError("{!r} is not the name of a command".format(command))
    tool = _EXCEPTIONS.get(normalize(name)) or Tool(normalize(name), [name], normalize(name), ["--version"])
    return tool._replace(command=command) if command else tool
''',
    "testnode_python/versions.py": r'''
"""Version specifiers (PEP 440), by the ``packaging`` that some pip carries.

The standard library knows nothing of PEP 440 and a parser of our own would be
wrong somewhere; every pip since 10 brings the real one along.
"""

import importlib
import re
import sys
import warnings

from .errors import Error, UsageError

# What may follow a name in a requirement: no options, no URLs, no second line.
_CLAUSE = r" *(?:===?|[~!<>]=|[<>]) *[A-Za-z0-9][A-Za-z0-9.*+!_-]* *"
# Texts that ``re`` compiles when they are needed: to find what has a receipt takes neither.
_SPECIFIER = "{0}(?:,{0})*".format(_CLAUSE)
_VERSION = r"\b\d+(?:\.\d+)+(?:[a-z0-9.+!-]*[a-z0-9])?"


def check_specifier(specifier):
    """Refuse what must not reach a requirement file or a command line.

    :param str specifier: as in ``>=4,<5``; "" for any version.
    :raises UsageError: where it is no specifier at a glance.
    """
    if specifier and not re.fullmatch(_SPECIFIER, specifier):
        raise UsageError(
            "{!r} is not a version specifier (PEP 440)".format(specifier),
            "write it as in '==4.23.2', '<4' or '>=4,<5'",
        )


def version_in(text):
    """Return the first version in what a program printed, or ""."""
    match = re.search(_VERSION, text)
    return match.group() if match else ""


class Versions:
    """Compares versions, by the first ``packaging`` that can be had.

    :param places: callable that gives pip wheels, or folders that pip can be
        imported from, most trusted first; called when the first comparison is due.
    """

    def __init__(self, places):
        self._places = places
        self._specifiers = None

    def satisfies(self, version, specifier):
        """Say whether a version satisfies a specifier.

        What is installed counts even if it is a pre-release, as pip sees it.

        :param str version: a version, or "" where it is not known.
        :param str specifier: a specifier; "" is satisfied by all.
        :rtype: bool
        :raises UsageError: where the specifier is none.
        :raises Error: where no ``packaging`` is at hand.
        """
        if not specifier:
            return True
        module = self._load()
        try:
            wanted = [module.Specifier(clause) for clause in specifier.split(",")]
        except module.InvalidSpecifier as error:
            raise UsageError("{!r} is not a version specifier (PEP 440)".format(specifier)) from error
        try:
            # Only the strict classes: before pip 24, SpecifierSet had an order for what is no version, too.
            found = module.Version(version)
        except ValueError:  # packaging's InvalidVersion is one
            return False
        return all(clause.contains(found, prereleases=True) for clause in wanted)

    def _load(self):
        if self._specifiers is None:
            for place in self._places():
                self._specifiers = _specifiers_from(place)
                if self._specifiers is not None:
                    break
            else:
                raise Error(
                    "a version was asked for, but no pip is at hand whose packaging could compare versions",
                    "ask without --version, or give a precache",
                )
        return self._specifiers


def _specifiers_from(place):
    """Import pip's ``packaging.specifiers`` from one place; None where that fails."""
    before, path = set(sys.modules), list(sys.path)
    # A folder may hold much else, which must not shadow the standard library.
    sys.path.insert(0 if place.endswith(".whl") else len(sys.path), place)
    try:
        importlib.invalidate_caches()
        with warnings.catch_warnings():
            # A setuptools beside it may complain of what else was imported before.
            warnings.simplefilter("ignore")
            return importlib.import_module("pip._vendor.packaging.specifiers")
    except Exception:  # noqa: BLE001 - a damaged or foreign pip: the next place is asked
        for name in set(sys.modules) - before:
            if name == "pip" or name.startswith("pip."):
                del sys.modules[name]
        return None
    finally:
        sys.path[:] = path
''',
}
# fmt: on
# End of what tools/embed_library.py writes.

if __name__ == "__main__":
    main()
