#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Arguments in, one call of the library, outcome out.

It brings its own library and takes nothing of Ansible's, for to load that takes longer than most of what it
does.  Python 2.7 can read it too, and so say that it is too old.  Ansible sends it as it is, and fills in the
arguments, for it has the word for these in it ("JSONARGS" in Ansible's documentation of how modules run).

What tools/embed_library.py writes is the lower part: there nothing is changed by hand.
"""

DOCUMENTATION = r"""
---
module: testnode_python_tools
short_description: Make Python tools ready, each in an environment of its own
description:
  - Takes each tool from what is there, else from the precache on the node's disk, else from a mirror.
  - Whatever did not serve leaves its reason in the outcome.
  - What only root or the package manager can do is not tried but told, in RV(needs_root) and RV(packages).
options:
  tools:
    description:
      - The tools, each a name or a dictionary.
      - C(name) is a tool of the toolset or any name on PyPI.
      - C(version) is a specifier as in V(<4).
      - C(command) is the program where that has another name.
      - C(executable) is a program to consider before all others.
      - C(venv) is the environment, by default C(~/.local/NAME).
    type: list
    elements: raw
    required: true
  sources:
    description: What may be used. V(packages) is told, not installed.
    type: list
    elements: str
    choices: [system, precache, mirror, packages]
    default: [system, precache, mirror]
  precache:
    description: The precache, by default C(/opt/cache/testnode-python/current).
    type: str
    default: ''
  mirrors:
    description: Indexes, instead of pip's configuration.
    type: list
    elements: str
    default: []
  python:
    description: The Python that the tools run on, by default C(python3) on PATH.
    type: str
    default: ''
  link:
    description:
      - Whether the tools are to run by their bare names, for everybody; links go to C(/usr/local/bin).
      - A user who may not become root gets them in the home, with a warning.
    type: bool
    default: false
  packages:
    description: The packages that give the tools, where V(packages) is allowed and they are not known.
    type: list
    elements: str
    default: []
  packaged:
    description: Whether the packages that an earlier call told were installed since.
    type: bool
    default: false
  soft:
    description: Whether a tool that cannot be made ready is a warning and no failure.
    type: bool
    default: false
  outcome_fact:
    description: The name of a fact to be the first outcome; check mode sets none for what it did not do.
    type: str
    default: ''
  outcomes_fact:
    description: The same for the list of all outcomes.
    type: str
    default: ''
  timeout:
    description: Seconds for all of it.
    type: float
    default: 300
notes:
  - Ansible fills in the arguments and then, in them too, the variable C(ansible_syslog_facility) in place of
    its default. Where others may set that variable, set it to V(LOG_USER) for the task, as the roles do.
author:
  - The engineers of testnode-python
"""

EXAMPLES = r"""
- name: Make tox and a nox of last year ready
  testnode_python_tools:
    tools:
      - tox
      - name: nox
        version: "<2026"
  register: ready

- name: Use them
  ansible.builtin.command: "{{ ready.outcomes[0].executable }} --version"
"""

RETURN = r"""
outcomes:
  description: One for each tool; all but those that wait for root or packages.
  type: list
  elements: dict
  returned: success
  contains:
    tool: {description: Its name., type: str}
    executable: {description: Its program; empty where it could not be made ready., type: str}
    version: {description: Its version., type: str}
    source: {description: 'Where it came from: V(system), V(precache), V(mirror).', type: str}
    changed: {description: Whether anything was written., type: bool}
    link: {description: The global link that was made., type: str}
    environment: {description: Its environment., type: str}
    locked: {description: The date of the lock that gave its version., type: str}
    unlocked: {description: Whether a mirror's newest was taken., type: bool}
    python: {description: The interpreter that it runs on., type: str}
    seconds: {description: How long it took., type: float}
    attempts:
      description: Every source, whether it served, its reason and what would make it serve.
      type: list
ansible_facts:
  description: The facts O(outcome_fact) and O(outcomes_fact).
  type: dict
  returned: where they are named and no other call is to follow
needs_root:
  description: Whether the same call is to be made as root.
  type: bool
  returned: success
packages:
  description: Packages to install, after which the same call finds the tools.
  type: list
  elements: str
  returned: success
virtualenv_command:
  description: Makes environments with a pip, as C(/usr/bin/python3 -m venv); empty where the Python cannot.
  type: str
  returned: success
outcome:
  description: The outcome of the tool that could not be made ready.
  type: dict
  returned: failure
"""

# Python has these since it started: nothing is looked for.
import os
import sys

ARGUMENT_SPEC = {
    "tools": {"type": "list", "elements": "raw", "required": True},
    "sources": {
        "type": "list",
        "elements": "str",
        "choices": ["system", "precache", "mirror", "packages"],
        "default": ["system", "precache", "mirror"],
    },
    "precache": {"type": "str", "default": ""},
    "mirrors": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "python": {"type": "str", "default": ""},
    "link": {"type": "bool", "default": False},
    "packages": {"type": "list", "elements": "str", "default": []},
    "packaged": {"type": "bool", "default": False},
    "soft": {"type": "bool", "default": False},
    "outcome_fact": {"type": "str", "default": ""},
    "outcomes_fact": {"type": "str", "default": ""},
    "timeout": {"type": "float", "default": 300},
}


def answer_to(params, check_mode):
    """Return what the module answers to parameters."""
    # Python 2 could not even read them.
    from testnode_python import arguments, provision
    from testnode_python.errors import Error

    warnings = []
    try:
        asked = arguments.tools_of(params, check_mode)
        done = provision.tools(asked, os.environ, params["packages"], params["soft"])
    except Error as error:
        if not params["soft"]:
            return arguments.failure_of(error)
        warnings.append("No tool was made ready: " + str(error))
        done = provision.Provision([])
    answer = arguments.answer_of(done, params, check_mode)
    return dict(answer, packages=done.packages, warnings=warnings + done.warnings)


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
    "testnode_python/configuration.py": r'''
"""pip's configuration: what of it is honoured, and the mirrors that follow from it.

pip would read its files and variables by itself, and with them ``user``,
``target``, ``prefix`` or ``require-virtualenv``, which redirect or break an
install.  So they are read here, pip is run with none of them, and gets back as
variables what concerns indexes, certificates and proxies (variables, since a
command line can be read by everybody on the machine).
https://pip.pypa.io/en/stable/topics/configuration/
"""

import os
import re
from typing import Dict, NamedTuple
from urllib.parse import urlsplit

from .errors import Error, UsageError
from .redaction import redact, secrets_of

PYPI = "https://pypi.org/simple"
SYSTEM_FILE = "/etc/pip.conf"

_PLACES = ("index-url", "extra-index-url", "find-links")
_TRANSPORT = ("trusted-host", "cert", "client-cert", "proxy", "keyring-provider", "cache-dir", "no-cache-dir")
_CHOICE = ("only-binary", "no-binary", "prefer-binary")
_HONOURED = _PLACES + ("no-index",) + _TRANSPORT + _CHOICE
_FILES = ("cert", "client-cert", "cache-dir")
_TRUE = ("1", "true", "yes", "on", "y", "t")
# Where certificates come from if pip itself names none: the first two are those of
# requests, the last is OpenSSL's, which older pips do not know.
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Setting(NamedTuple):
    """A value of pip's configuration and the file or variable that it stands in."""

    value: str
    origin: str


class Mirror(NamedTuple):
    """One source of packages: what pip is told for it.

    ``name`` is for people and holds no secret; ``settings`` are pip's options by
    their long names.
    """

    name: str
    settings: Dict[str, str]

    def listed(self, option):
        """Return the values of an option that may have several."""
        return self.settings.get(option, "").split()

    @property
    def indexes(self):
        """The URLs of its indexes."""
        return [url.rstrip("/") for url in self.listed("index-url") + self.listed("extra-index-url")]

    @property
    def secrets(self):
        """What of it must not be seen."""
        urls = self.indexes + self.listed("find-links") + self.listed("proxy")
        return {secret for url in urls for secret in secrets_of(url)}


def read(environ, prefix):
    """Read pip's configuration as pip does.

    :param dict environ: the caller's variables.
    :param str prefix: ``sys.prefix`` of the interpreter that pip runs in.
    :returns: the honoured options that are set, by their long names.
    :rtype: dict(str, Setting)
    :raises Error: where a file cannot be understood.
    """
    layers = {"global": {}, "install": {}, "environment": {}}
    for path in _files(environ, prefix):
        for section, options in _parse(path).items():
            if section in ("global", "install"):
                layers[section].update(options)
    for name, value in environ.items():
        if name.startswith("PIP_"):
            layers["environment"][name[4:].lower().replace("_", "-")] = Setting(value, name)
    settings = {}
    for layer in layers.values():  # what is empty leaves the layer below as it is
        settings.update({name: setting for name, setting in layer.items() if setting.value.strip()})
    for name in _CERTIFICATES:
        if environ.get(name) and os.path.exists(environ[name]):
            settings.setdefault("cert", Setting(environ[name], name))
    home = _home(environ)
    return {name: _absolute(name, settings[name], home) for name in _HONOURED if name in settings}


def _home(environ):
    return environ.get("HOME") or os.path.expanduser("~")


def _absolute(name, setting, home):
    """Make paths hold for a pip that is started from another folder."""

    def path(word):
        if "://" in word or word.startswith("file:"):
            return word
        return os.path.abspath(os.path.join(home, word[2:]) if word.startswith("~/") else word)

    if name in _FILES:
        return setting._replace(value=path(setting.value))
    if name in _PLACES:
        return setting._replace(value=" ".join(map(path, setting.value.split())))
    return setting


def _files(environ, prefix):
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = _home(environ)
    config_home = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    config_folders = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    files = [os.path.join(folder, "pip", "pip.conf") for folder in config_folders if folder]
    files.append(SYSTEM_FILE)
    if not (named and os.path.exists(named)):
        files += [os.path.join(home, ".pip", "pip.conf"), os.path.join(config_home, "pip", "pip.conf")]
    files.append(os.path.join(prefix, "pip.conf"))
    return files + ([named] if named else [])


def _parse(path):
    import configparser  # most callers find what they want and never get here

    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        # The parser's own words quote the line, and with it what passwords stand there.
        raise Error(
            "pip's configuration {} cannot be understood{}".format(path, _line_of(error)), "mend it"
        ) from None
    return {
        section: {
            name.lower().replace("_", "-").lstrip("-"): Setting(" ".join(value.split()), path)
            for name, value in parser.items(section)
        }
        for section in parser.sections()
    }


def _line_of(error):
    """Say in which line a parser stumbled."""
    errors = getattr(error, "errors", None)
    line = errors[0][0] if errors else getattr(error, "lineno", None)
    return " (line {})".format(line) if line else ""


def mirrors(urls, settings):
    """Return the mirrors to try, in order.

    What the caller lists comes instead of pip's configuration, that instead of
    PyPI; PyPI is never added to what somebody configured.  pip's configuration is
    one mirror as a whole, as pip itself sees its indexes.

    :param urls: indexes that the caller lists.
    :param dict settings: from ``read``.
    :rtype: list(Mirror)
    :raises Error: where the configuration forbids indexes.
    :raises UsageError: where something listed is no URL.
    """
    forbidden = settings.get("no-index")
    if forbidden and forbidden.value.lower() in _TRUE:
        raise Error(
            "pip's configuration forbids indexes (no-index in {})".format(forbidden.origin),
            "take it away there, or use a precache",
        )
    base = {name: settings[name].value for name in _TRANSPORT + _CHOICE if name in settings}
    if urls:
        return [_listed(url, base) for url in urls]
    configured = {name: settings[name].value for name in _PLACES if name in settings}
    if configured:
        where = sorted({settings[name].origin for name in configured})
        # Without an index of its own pip goes to PyPI: one source, as pip sees it.
        places = dict({"index-url": PYPI}, **configured)
        return [Mirror("pip's configuration ({})".format(", ".join(where)), dict(base, **places))]
    return [Mirror(PYPI, dict(base, **{"index-url": PYPI}))]


def _listed(url, base):
    if not _is_url(url):
        raise UsageError(
            # What cannot be taken apart is shown from where no password can be.
            "{!r} is not the URL of an index".format(redact(re.split("[?#]", url.rpartition("@")[2])[0])),
            "write it as in https://pypi.example.org/simple, with %2F for a '/' in a password",
        )
    return Mirror(redact(url, secrets_of(url)), dict(base, **{"index-url": url}))


def _is_url(text):
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("https", "http") and parts.hostname or parts.scheme == "file"
        # A password with a slash makes what is before it look like host and port.
        whole = "@" not in parts.path + parts.query + parts.fragment
        return bool(known and whole and len(text.split()) == 1 and (parts.port or True))
    except ValueError:  # a port that is none, most often a password with a slash
        return False


def pip_variables(mirror):
    """Return the variables that make pip use a mirror and nothing else.

    :param Mirror mirror: the mirror, or None for no network at all.
    :rtype: dict(str, str)
    """
    variables = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_NO_WARN_SCRIPT_LOCATION": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    if mirror is None:
        variables["PIP_NO_INDEX"] = "1"
        return variables
    for name, value in mirror.settings.items():
        variables["PIP_" + name.upper().replace("-", "_")] = value
    return variables
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
    "testnode_python/environments.py": r'''
"""Environments: made aside, swapped in by a link, never half there.

``<path>`` is a link to a versioned tree beside it.  A tree is built under its
final name, because scripts carry it, gets its receipt last, and only then does
the link move: rename(2) of a link is atomic on every file system, overlayfs
included, while a folder cannot be renamed over another.
"""

import errno
import fcntl
import os
import re
import shutil
import time
from contextlib import contextmanager
from typing import NamedTuple

from . import ownership, receipts
from .errors import CommandError, PlaceError
from .outcome import Ready
from .tools import normalize

# Where trees of environments in the system's own folders lie.
SYSTEM_TREES = "/usr/local/lib/testnode-python"
_POLL_SECONDS = 0.05


class Place(NamedTuple):
    """Where an environment lives.

    ``shared`` says that others than the caller are to run it: it is readable by
    all whatever the umask, and byte-compiled, since others could not write that.
    """

    path: str
    shared: bool

    @property
    def trees(self):
        """The folder that its trees lie in."""
        return SYSTEM_TREES if self._in_system else os.path.dirname(self.path)

    @property
    def stem(self):
        """What the names of its trees begin with."""
        name = os.path.basename(self.path)
        if not self._in_system:
            return "." + name
        import hashlib  # only these need it

        # Their trees lie together: places of the same last name must not be taken for one.
        return "{}-{}".format(name, hashlib.sha256(os.fsencode(self.path)).hexdigest()[:8])

    @property
    def _in_system(self):
        return self.shared and self.path.startswith("/usr/")

    @property
    def lock(self):
        """The file whose lock its makers hold; never deleted."""
        return os.path.join(self.trees, self.stem + ".lock")


def place_for(path, home):
    """Return the place at a path.

    :param str path: where the environment is to be found.
    :param str home: the caller's home folder.
    :rtype: Place
    """
    path = os.path.abspath(path)
    private = os.geteuid() != 0 or (path + "/").startswith(os.path.join(home, ""))
    return Place(path, shared=not private)


@contextmanager
def locked(place, deadline):
    """Hold the place's lock, waiting for other callers.

    :param Place place: what to lock.
    :param Deadline deadline: how long to wait.
    :returns: the lock's descriptor, for children that must hold it as well.
    :raises PlaceError: where it cannot be made, or is held for too long.
    """
    try:
        for folder in (place.trees, os.path.dirname(place.path)):
            _make_folders(folder, place.shared)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(place.lock, flags, 0o600)
    except OSError as error:
        raise unwritable(place.path, error) from error
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not deadline.left():
                    raise PlaceError(
                        place.path,
                        "another caller has been making {} for {:.0f} s".format(place.path, deadline.seconds),
                        "try again with a longer --timeout",
                    ) from None
                time.sleep(min(_POLL_SECONDS, deadline.left()))
        yield descriptor
    finally:
        os.close(descriptor)


def make(place, populate):
    """Make an environment and put it in the place of the old one; the lock is held.

    :param Place place: where.
    :param populate: callable that fills a tree, given its path, and returns its
        receipt; what it raises leaves the old state.
    :rtype: Receipt
    :raises PlaceError: where something there is not ours, or cannot be written.
    """
    refuse_foreign(place)
    tree = os.path.join(place.trees, "{}-{}".format(place.stem, os.urandom(4).hex()))
    try:
        _sweep(place, finished=False)
        _make_folders(tree, place.shared)
        with open(os.path.join(tree, receipts.UNFINISHED), "w"):
            pass
        receipt = populate(tree)
        receipts.write(tree, receipt)
        # The tree that is current becomes the previous one, which a program may still run from.
        _sweep(place, finished=True, spare=tree)
        _link(place, tree)
    except BaseException as error:
        # An interrupt may come when the link has been swapped.
        if current(place) != os.path.realpath(tree):
            _remove(tree)
        if isinstance(error, OSError):
            raise unwritable(place.path, error) from error
        if isinstance(error, CommandError) and os.strerror(errno.ENOSPC) in error.output:
            raise unwritable(place.path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) from error
        raise
    return receipt


def remove(place, deadline):
    """Remove the place's environment with all its trees; the file of the lock stays.

    :param Place place: where.
    :param Deadline deadline: how long to wait for other callers.
    :returns: the paths that were removed, none where nothing was there.
    :rtype: list(str)
    :raises PlaceError: where something there is not ours, or cannot be removed.
    """
    if not os.path.lexists(place.path) and not os.path.lexists(place.lock):
        return []
    with locked(place, deadline):
        refuse_foreign(place)
        removed = []
        try:
            if os.path.lexists(place.path):
                os.unlink(place.path)
                removed.append(place.path)
        except OSError as error:
            words = "{} cannot be removed: {}".format(place.path, error.strerror)
            raise PlaceError(place.path, words) from error
        for tree, _ in _trees(place):
            _remove(tree)
            if os.path.lexists(tree):
                raise PlaceError(tree, "{} cannot be removed as a whole".format(tree))
            removed.append(tree)
        return removed


def _make_folders(path, shared):
    """Make a folder and what is missing above it, whatever the umask where others are to enter."""
    if not os.path.isdir(os.path.dirname(path)):
        _make_folders(os.path.dirname(path), shared)
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        return
    if shared:
        os.chmod(path, 0o755)


def current(place):
    """Return the tree that the place's link leads to, or "" where it leads nowhere."""
    tree = os.path.realpath(place.path)
    return tree if os.path.isdir(tree) else ""


def already(node, lock):
    """Return the place's environment where it satisfies the request as it is, else None.

    Asked with the lock held: another caller may have made it in the meantime.

    :param Node node: the node and what is asked of it.
    :param Locked lock: the lock that it must agree with, or None.
    :rtype: Ready or None
    """
    place = node.place
    receipt, _ = receipts.read(current(place) or place.path, ownership.trusted_owners())
    if receipt is None or receipt.python != node.platform.base or receipt.tool != node.tool.name:
        return None
    if node.request.command not in ("", receipt.command):
        return None
    if receipts.python_fault(place.path, receipt):
        return None
    if lock is not None:
        there = {(normalize(package.name), package.version) for package in receipt.packages}
        agrees = {(wheel.name, wheel.version) for wheel in lock.wheels} <= there
    else:
        agrees = node.versions.satisfies(receipt.version, node.request.version)
    if not agrees:
        return None
    found = ready(place, receipt, unlocked=lock is None and not receipt.locked)
    return found._replace(words="there already: " + found.words, changed=False)


def ready(place, receipt, unlocked):
    """Return what an environment that was made gives to the caller.

    :rtype: Ready
    """
    where = "{} (locked {})".format(receipt.origin, receipt.locked[:10]) if receipt.locked else receipt.origin
    return Ready(
        "{} {} from {}{}".format(
            receipt.tool, receipt.version, where, ", its newest: unlocked" if unlocked else ""
        ),
        executable=os.path.join(place.path, "bin", receipt.command),
        version=receipt.version,
        changed=True,
        locked=receipt.locked,
        unlocked=unlocked,
        environment=place.path,
        python=receipt.python,
    )


def now():
    """Return the moment as receipts note it: ISO 8601, UTC, fine enough to sort by."""
    import datetime

    return datetime.datetime.now(datetime.timezone.utc).isoformat()


def unwritable(path, error):
    """Return what to raise for an error of the operating system at a path.

    :rtype: PlaceError
    """
    elsewhere = "name a folder that you may write with --venv, or another HOME"
    cures = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR), elsewhere)
    cures[errno.ENOSPC] = "free some space"
    words = "{} cannot be made: {}".format(path, error.strerror or error)
    if error.filename and error.filename != path:
        words += ": {}".format(error.filename)
    return PlaceError(path, words, cures.get(error.errno, ""))


def refuse_foreign(place):
    """Raise where something is at the place that we did not make.

    :raises PlaceError: naming it.
    """
    if not os.path.lexists(place.path):
        return
    if os.path.islink(place.path):
        target = os.path.join(os.path.dirname(place.path), os.readlink(place.path))
        if (
            _is_tree(place, os.path.basename(target))
            and os.path.dirname(os.path.abspath(target)) == place.trees
        ):
            return
        what = "a link to {}".format(target)
    else:
        what = "there already"
    raise PlaceError(
        place.path,
        "{} is {} and not made by testnode-python, so it stays as it is".format(place.path, what),
        "move it away, or name another place with --venv",
    )


def _link(place, tree):
    # In the same folder a relative target survives a move of the whole folder.
    beside = os.path.dirname(place.path) == place.trees
    new = os.path.join(os.path.dirname(place.path), ".{}.new".format(os.path.basename(place.path)))
    if os.path.lexists(new):
        os.unlink(new)
    os.symlink(os.path.basename(tree) if beside else tree, new)
    os.replace(new, place.path)


def _is_tree(place, name):
    return re.fullmatch(re.escape(place.stem) + r"-[0-9a-f]{8}", name) is not None


def _trees(place):
    """Return our trees but the current one, each with whether it was finished."""
    in_use = current(place)
    found = []
    for name in os.listdir(place.trees):
        tree = os.path.join(place.trees, name)
        if not _is_tree(place, name) or os.path.islink(tree) or os.path.realpath(tree) == in_use:
            continue
        finished = os.path.exists(os.path.join(tree, receipts.FILE_NAME))
        # A folder that only looks like one of ours has neither file, and something in it.
        if finished or os.path.exists(os.path.join(tree, receipts.UNFINISHED)) or _is_empty(tree):
            found.append((tree, finished))
    return found


def _is_empty(folder):
    try:
        return not os.listdir(folder)
    except OSError:  # a file, or a folder of somebody else
        return False


def _sweep(place, finished, spare=""):
    """Remove trees: those that killed makers left, or those that were current before."""
    for tree, is_finished in _trees(place):
        if is_finished == finished and tree != spare:
            _remove(tree)


def _remove(tree):
    """Remove a tree; what says that it is ours goes last, so that a killed removal is taken up again."""
    marker = os.path.join(tree, receipts.UNFINISHED)
    try:
        if os.path.isfile(os.path.join(tree, receipts.FILE_NAME)):
            os.replace(os.path.join(tree, receipts.FILE_NAME), marker)
        for entry in list(os.scandir(tree)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.path != marker:
                os.unlink(entry.path)
        if os.path.exists(marker):
            os.unlink(marker)
        os.rmdir(tree)
    except OSError:
        pass  # what is left is tried again by the next maker
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
    "testnode_python/getpip.py": r'''
"""pip for an interpreter: from the precache, from a mirror, or by get-pip.py.

From the precache locked wheels are put where pip would put them.  What that way is
not made for, and all from mirrors, pip does, run from its own locked wheel: what
get-pip.py does inside, less unpacking that wheel from itself first, and with the
hashes required.
"""

import errno
import os
import shutil

from . import environments, indexes, pips, sites
from .commands import clean_environment
from .errors import CommandError, Error, MirrorError, PrecacheError
from .outcome import Ready
from .precache import INSTALLER
from .runners import AS_IN_A_SHELL, run_in, site_install
from .tools import PIP, PIP_COMPANIONS

GET_PIP_URL = "https://bootstrap.pypa.io/get-pip.py"
# What get-pip.py would add is asked for by name, where it is lacking.
_GET_PIP = ["--no-setuptools", "--no-wheel"]
# The oldest Python that is served without pip: the last PyPA installer for 3.6 makes
# no file executable and notes hashes in a way that is not pip's.
_WITHOUT_PIP = (3, 7)


def from_precache(request, node):
    """Install what is lacking from the precache's lock, with no network.

    :rtype: Ready
    :raises Error: where the precache cannot serve.
    """
    pip = node.precache.locked_pip(node.platform)
    if not node.versions.satisfies(pip.version, request.version):
        raise Error(
            "{} has pip {}, not {}".format(node.precache.name, pip.version, request.version),
            "ask for another --version, or allow a mirror",
        )
    return _one_at_a_time(request, node, lambda held: _from_precache(request, node, pip, held))


def from_mirror(request, node):
    """Install what is lacking from the first mirror that can serve.

    :rtype: Ready
    :raises Error: where none can, with the reason of each.
    """

    def attempt(mirror, within):
        work = _by_upstream_get_pip if request.get_pip else _from_one_mirror
        return _one_at_a_time(request, within, lambda held: work(request, within, mirror, held))

    return pips.first_of(node, attempt)


def _one_at_a_time(request, node, install):
    """Install with the site's lock held, unless another caller did so while we waited.

    :param install: callable of the lock's descriptor that gives a Ready.
    :rtype: Ready
    """
    _target(node)  # what forbids an install is told before anybody waits
    needed = _needs(node)
    with environments.locked(_lock_place(node), node.deadline) as held:
        if needed:
            node.look_again()
            if not _needs(node) and not request.get_pip:
                return sites.find(request, node)
        return install(held)


def _needs(node):
    return bool(sites.lacking(node)) or _is_unfit(node)


def _is_unfit(node):
    there = node.interpreter.modules.get(PIP)
    return there is not None and not node.versions.satisfies(there.version, node.request.version)


def _from_precache(request, node, pip, held):
    precache = node.precache
    lock = precache.locked(PIP, node.platform)
    wheels = _chosen(lock, _wanted(node))
    place = precache.wheels(lock._replace(wheels=[pip]))[0]
    checked = precache.wheels(lock._replace(wheels=wheels))
    by_pip = "" if request.get_pip else _without_pip(checked, node, held)
    if request.get_pip or by_pip:
        _by_pip_from_precache(place, wheels, node, held)
    words = "{}, by pip itself: {}".format(precache, by_pip) if by_pip else str(precache)
    return _ready(node, words, precache.manifest.locked, unlocked=False)


def _without_pip(wheels, node, held):
    """Install wheels as pip would, in a third of its time.

    :param list wheels: their paths.
    :returns: why that is for pip itself to do, or "".
    :rtype: str
    """
    if node.platform.minor < _WITHOUT_PIP:
        return "PyPA installer has no release for Python {} that notes files as pip does".format(
            node.platform.series
        )
    if _may_replace(node):
        return "there is another one to replace"
    where, extra, umask = _target(node)
    environ = dict(clean_environment(node.environ), **extra)
    try:
        installer = node.precache.wheels(node.precache.locked(INSTALLER, node.platform))
        job = {"wheels": wheels, "installer": installer, "user": "--user" in where, "umask": umask}
        options = {"environ": environ, "flags": AS_IN_A_SHELL, "keep_open": (held,)}
        answer = run_in(node.platform.executable, site_install, job, node.deadline, **options)
        return str(answer["declined"])
    except (CommandError, PrecacheError) as error:
        if not node.deadline.left() or os.strerror(errno.ENOSPC) in getattr(error, "output", ""):
            raise
        # What is half there pip overwrites; if it fails as well, it knows best why.
        return str(error)


def _by_pip_from_precache(place, wheels, node, held):
    """Install wheels of the precache by pip out of its wheel, or by get-pip.py where that was asked for."""
    links = os.path.join(node.precache.path, "wheels")
    with pips.workshop() as folder:
        if node.request.get_pip:
            script = node.precache.get_pip(node.platform)
            _install(script, _GET_PIP + _only(wheels, links, folder), node, None, held)
        else:
            arguments = ["install", "--no-deps", "--require-hashes", "--find-links", links]
            requirements = pips.written(folder, pips.pinned(wheels))
            _install(place, arguments + ["--requirement", requirements], node, None, held)


def _from_one_mirror(request, node, mirror, held):
    lock = node.lock_for(PIP)
    if lock is not None and not node.versions.satisfies(lock.version, request.version):
        lock = None
    wanted = _wanted(node)
    # One request of ours tells more, and sooner, than pip's patience.
    indexes.links(mirror, wanted[0], node.deadline, node.environ)
    with pips.workshop() as folder:
        place = pips.place_of_pip(mirror, node, folder)
        if lock is not None:
            text = pips.pinned(_chosen(lock, wanted))
            arguments = ["install", "--no-deps", "--require-hashes"]
        else:
            text = "".join(name + (request.version if name == PIP else "") + "\n" for name in wanted)
            arguments = ["install"]
        _install(place, arguments + ["--requirement", pips.written(folder, text)], node, mirror, held)
    return _ready(node, mirror.name, node.precache.manifest.locked if lock else "", unlocked=lock is None)


def _wanted(node):
    """Return the names to install: what is lacking, and pip where it does not satisfy."""
    missing = sites.lacking(node)
    if node.request.modules:
        return missing
    if PIP not in missing and (_is_unfit(node) or node.request.get_pip or not missing):
        missing.insert(0, PIP)
    return missing


def _chosen(lock, wanted):
    """Return the wheels to install: what is wanted, and what the lock has only because those need it."""
    ours = [PIP] + PIP_COMPANIONS
    return [wheel for wheel in lock.wheels if wheel.name in wanted or wheel.name not in ours]


def _install(place, arguments, node, mirror, held):
    """Run pip, or get-pip.py, to install into the interpreter's own site, of the user or of all."""
    options, extra, umask = _target(node)
    options.append("--upgrade" if _may_replace(node) else "--ignore-installed")
    pips.run_pip(
        node.platform.executable,
        place,
        arguments + options,
        node.deadline,
        environ=node.environ,
        mirror=mirror,
        umask=umask,
        extra=extra,
        flags=AS_IN_A_SHELL,
        keep_open=(held,),
    )


def _only(wheels, links, folder):
    """Return get-pip.py's arguments for exactly these wheels.

    It refuses --require-hashes (it adds a bare ``pip`` itself), so it is shown a
    private folder with nothing but files whose hash was right.
    """
    for wheel in wheels:
        shutil.copyfile(os.path.join(links, wheel.file), os.path.join(folder, wheel.file))
    return ["--no-index", "--find-links", folder] + [
        "{0.name}=={0.version}".format(wheel) for wheel in wheels
    ]


def _by_upstream_get_pip(request, node, mirror, held):
    """Run get-pip.py as upstream publishes it, with the mirror as its index."""
    if request.get_pip == "precache":
        raise Error("the precached get-pip.py was asked for")
    urls = [request.get_pip]
    if request.get_pip in ("upstream", GET_PIP_URL):
        urls = [GET_PIP_URL]
        # The newest refuses Pythons that it no longer supports; those have a file of their own.
        urls.insert(0, GET_PIP_URL.replace("/get-pip.py", "/pip/{}/get-pip.py".format(node.platform.series)))
    with pips.workshop() as folder:
        for url in urls:
            try:
                link = indexes.Link("get-pip.py", url, "", "")
                script = indexes.download(link, folder, mirror, node.deadline, node.environ)
                break
            except MirrorError as error:
                if url == urls[-1] or "404" not in error.cause:
                    raise
        wanted = [name + (request.version if name == PIP else "") for name in _wanted(node)]
        _install(script, _GET_PIP + wanted, node, mirror, held)
    return _ready(node, "get-pip.py of {}".format(link.url.rpartition("/")[0]), "", unlocked=True)


def _target(node):
    """Decide where pip installs to: its options, its variables, its umask."""
    interpreter = node.interpreter
    if not interpreter.pip_runs:
        raise Error(
            "pip needs distutils, which {} lacks".format(interpreter),
            "install it: apt-get install python3-distutils",
        )
    scope = sites.scope_of(node)
    if scope == "global" and not _may_write(interpreter.global_site):
        raise Error(
            "{} cannot be written, and pip for everybody goes there".format(interpreter.global_site),
            "ask as root, or with --scope user",
        )
    # What is for all must not lean on what one user has.
    extra = {"PYTHONNOUSERSITE": "1"} if scope == "global" else {}
    if interpreter.externally_managed:
        extra["PIP_BREAK_SYSTEM_PACKAGES"] = "1"
    options = ["--user"] if scope == "user" else []
    return options, extra, 0o022 if scope == "global" and os.geteuid() == 0 else None


def _may_write(path):
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return os.access(path, os.W_OK)


def _may_replace(node):
    """Say whether pip may replace what is there of what is wanted.

    Not what a distribution's package manager or another scope owns; and where all
    is lacking, pip must not look either: it would trip over what a killed one left.
    """
    home = node.interpreter.user_site if sites.scope_of(node) == "user" else node.interpreter.global_site
    replaced = [module for name, module in node.interpreter.modules.items() if name in _wanted(node)]
    return bool(replaced) and all(
        os.path.realpath(module.folder) == os.path.realpath(home) for module in replaced
    )


def _lock_place(node):
    """Return what callers lock that install into the same site."""
    site = node.interpreter.global_site
    if sites.scope_of(node) == "user" or (site.startswith("/usr/") and os.geteuid() != 0):
        return environments.Place(os.path.join(node.home, ".local", PIP), shared=False)
    return environments.Place(os.path.join(site, PIP), shared=True)


def _ready(node, words, locked, unlocked):
    """Look whether the interpreter now has what was asked for."""
    node.look_again()
    interpreter = node.interpreter
    missing = sites.lacking(node)
    if missing or not (interpreter.pip_command or node.request.modules):
        raise Error(
            "pip ended well, but {} has no {}".format(interpreter, ", ".join(missing) or "pip3 command")
        )
    name = node.request.modules[0] if node.request.modules else PIP
    version = interpreter.modules[name].version
    return Ready(
        "{} {} for {} from {}".format(name, version, interpreter, words),
        executable=interpreter.pip_command or node.platform.executable,
        version=version,
        changed=True,
        locked=locked,
        unlocked=unlocked,
        python=node.platform.base,
    )
''',
    "testnode_python/indexes.py": r'''
"""Reading package indexes: what files a mirror has of a project, and fetching one.

pip does the downloading of tools.  This is for what comes before pip: to learn
quickly and exactly what is wrong with a mirror, and to fetch pip itself.
https://packaging.python.org/en/latest/specifications/simple-repository-api/
"""

import hashlib
import os
import re
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

from .errors import MirrorError
from .redaction import redact
from .tools import normalize


class Link(NamedTuple):
    """A file that an index lists."""

    file: str
    url: str
    sha256: str
    requires_python: str


class _Page(HTMLParser):
    """Collects the anchors of a page (PEP 503)."""

    def __init__(self, url):
        super().__init__()
        self.url = url
        self.links = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        try:
            if tag == "base" and values.get("href"):
                self.url = urljoin(self.url, values["href"])
            if tag == "a" and values.get("href") and "data-yanked" not in values:
                self._add(values)
        except ValueError:
            pass  # what is no URL leads nowhere

    def _add(self, values):
        url, fragment = urldefrag(urljoin(self.url, values["href"]))
        digest = re.match(r"sha256=([0-9a-f]{64})$", fragment)
        self.links.append(
            Link(
                unquote(urlsplit(url).path.rpartition("/")[2]),
                url,
                digest.group(1) if digest else "",
                values.get("data-requires-python") or "",
            )
        )


def links(mirror, project, deadline, environ):
    """Return a project's files from the first place of a mirror that has any.

    :param Mirror mirror: where to look.
    :param str project: the project's name.
    :param Deadline deadline: when to give up.
    :param dict environ: the caller's variables.
    :rtype: list(Link)
    :raises MirrorError: where no place has any, with the reason of each.
    """
    reasons = []
    for url in _pages(mirror, project):
        try:
            found = [link for link in _list(url, mirror, deadline, environ) if _belongs(link.file, project)]
        except MirrorError as error:
            reasons.append(error.cause)
            continue
        if found:
            return found
        reasons.append("{} lists no file of {}".format(redact(url), project))
    raise MirrorError(mirror.name, "; ".join(reasons))


def _pages(mirror, project):
    for index in mirror.indexes:
        yield "{}/{}/".format(index, normalize(project))
    yield from mirror.listed("find-links")


def _parts(url):
    """Split a URL, or a path, which pip takes as well."""
    try:
        parts = urlsplit(url if ":/" in url else _file_url(os.path.abspath(url)))
        if parts.port != 0:
            return parts
    except ValueError:  # its words would quote what may be half a password
        pass
    shown = redact(url.rpartition("@")[2])
    raise MirrorError(shown, "{!r} is not a URL".format(shown))


def _belongs(file, project):
    return normalize(re.split(r"-\d", file, maxsplit=1)[0]) == normalize(project)


def _list(url, mirror, deadline, environ):
    parts = _parts(url)
    if parts.scheme == "file":
        return _list_folder(unquote(parts.path))
    data, final = _read(url, mirror, deadline, environ)
    return _links_on(data, final)


def _links_on(data, url):
    page = _Page(url)
    try:
        page.feed(data.decode("utf-8", "replace"))
    except (ValueError, AssertionError, NotImplementedError) as error:
        # The standard library's parser gives up on some of what is no HTML.
        raise MirrorError(redact(url), "{} is not HTML".format(redact(url))) from error
    return page.links


def _read(url, mirror, deadline, environ):
    # urllib and ssl take longer to import than a tool that is there takes to find.
    from . import network

    return network.read(url, mirror, deadline, environ)


def _list_folder(path):
    page = os.path.join(path, "index.html")
    if os.path.isfile(page) or not os.path.isdir(path):
        path = page if os.path.isfile(page) else path
        return _links_on(_content(path), _file_url(path))
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise _unreadable(path, error) from error
    return [Link(name, _file_url(os.path.join(path, name)), "", "") for name in names]


def _file_url(path):
    return "file://" + quote(os.fsencode(path))


def _content(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path, error):
    words = getattr(error, "strerror", None) or error
    return MirrorError(path, "{} cannot be read: {}".format(path, words))


def download(link, folder, mirror, deadline, environ):
    """Fetch a file and check its hash.

    :param Link link: what to fetch; without a hash it is taken only over TLS or
        from a place that pip, too, would trust.
    :param str folder: where to put it, under its own name.
    :param Mirror mirror: whose credentials and certificates to use.
    :param Deadline deadline: when to give up.
    :param dict environ: the caller's variables.
    :returns: the file's path.
    :rtype: str
    :raises MirrorError: where it cannot be had or is not what the index promised.
    """
    parts = _parts(link.url)
    if parts.scheme == "file":
        data = _content(unquote(parts.path))
    else:
        data, _ = _read(link.url, mirror, deadline, environ)
    if link.sha256 and hashlib.sha256(data).hexdigest() != link.sha256:
        raise MirrorError(
            redact(link.url),
            "{} is not the file that was promised: its hash differs".format(redact(link.url)),
        )
    path = os.path.join(folder, os.path.basename(link.file))
    with open(path, "wb") as file:
        file.write(data)
    return path
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
    "testnode_python/ladder.py": r'''
"""The ladder: what makes a tool ready, from the nearest source to the farthest."""

import os

from . import rungs
from .errors import Error, UsageError
from .supplies import SuppliedNode
from .tools import PIP


def _from_packages(request, node):
    """Leave the distribution's packages to who may install them; find what they gave."""
    from . import packages

    if request.packaged:
        try:
            return rungs.nearest(node)(request, node)._replace(changed=True)
        except UsageError:
            raise
        except Error as error:
            # The packages are there by now: only another version or source helps.
            raise Error(error.cause, error.cure or "ask for another version, or allow a mirror") from error
    names = packages.here(node.tool.name)
    raise Error(
        "packages of the distribution are not installed from here",
        "install {} with the package manager, or use the role".format(" ".join(names)),
    )


# The policy, top to bottom.  Each rung is loaded when it is reached: for what is found
# the first is all, and a module compiles what it brings along anew for every task.
def tool_rungs():
    """Yield the sources of a tool, nearest first, each with what asks it."""
    from . import discovery

    yield "system", discovery.find

    from . import wheels

    yield "precache", wheels.from_precache

    from . import mirrors

    yield "mirror", mirrors.from_mirror
    yield "packages", _from_packages


def pip_rungs():
    """Yield the sources of pip, nearest first, each with what asks it."""
    from . import sites

    yield "system", sites.find

    from . import getpip

    yield "precache", getpip.from_precache
    yield "mirror", getpip.from_mirror
    yield "packages", _from_packages


def ensure(request, environ=None, report=None):
    """Make a tool ready from the first source that can serve.

    :param Request request: what is asked for, and what may be used.
    :param dict environ: the caller's variables; by default those of this process.
    :param report: callable that is given each Attempt when it has ended.
    :rtype: Outcome
    :raises NotReadyError: where no source served; it carries the outcome.
    :raises UsageError: where the request makes no sense.
    """
    return climb(SuppliedNode(request, os.environ if environ is None else environ), report)


def climb(node, report=None):
    """Make ready what a node is asked for; arguments and errors as of ``ensure``."""
    return rungs.climb(node, pip_rungs() if node.tool.name == PIP else tool_rungs(), report)
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
    "testnode_python/manifest.py": r'''
"""The manifest of a precache: the one thing that image side and node side share.

JSON, because that is what Python 3.6 reads.  Written by ``builder``, read by
``precache``; both through the classes here.
"""

import json
import re
from typing import Dict, List, NamedTuple, Tuple

from .errors import PrecacheError
from .tools import COMMAND, NAME, Tool

FORMAT = 1
FILE_NAME = "manifest.json"

_WHEEL = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+!-]*\.whl$")
_GET_PIP = re.compile(r"^get-pip/(?:[0-9]+\.[0-9]+/)?get-pip\.py$")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_VERSION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+!-]*$")
# One line of a requirement file, and no option in it.
_REQUIREMENT = re.compile(r"^[A-Za-z0-9](?:(?! -)[ -~])*$")


class Wheel(NamedTuple):
    """One locked wheel: ``wheels/<file>`` below the precache."""

    name: str
    version: str
    file: str
    sha256: str
    size: int


class Locked(NamedTuple):
    """A tool's lock for one target; ``reason`` says why there is none.

    ``sha256`` is that of ``locks/<target>/pylock.<tool>.toml``.  A wheel whose
    ``size`` is 0 was locked through an index that tells no sizes.
    """

    version: str
    wheels: List[Wheel]
    reason: str = ""
    sha256: str = ""


class Target(NamedTuple):
    """An interpreter and platform that locks are made for.

    ``python`` is ``(3, 11)``, ``machine`` as in ``x86_64``, ``libc`` its name and
    floor, as in ``("glibc", (2, 17))``.
    """

    name: str
    implementation: str
    python: Tuple[int, int]
    machine: str
    libc: Tuple[str, Tuple[int, int]]
    tools: Dict[str, Locked]


class GetPip(NamedTuple):
    """A ``get-pip.py`` below the precache: its relative path and hash."""

    file: str
    sha256: str


class Manifest(NamedTuple):
    """What a precache holds.

    ``lock_digest`` is the hex SHA-256 that names its folder, ``locked`` the date
    of its locks (ISO 8601), ``get_pip`` maps "3.9" to the file for that Python.
    """

    lock_digest: str
    locked: str
    tools: Dict[str, Tool]
    targets: Dict[str, Target]
    get_pip: Dict[str, GetPip]


def dumps(manifest):
    """Return the manifest's text, the same for the same content."""
    data = {
        "format": FORMAT,
        "lock_digest": manifest.lock_digest,
        "locked": manifest.locked,
        "tools": {name: _without(tool._asdict(), "name") for name, tool in manifest.tools.items()},
        "get_pip": {python: dict(file._asdict()) for python, file in manifest.get_pip.items()},
        "targets": {name: _dump_target(target) for name, target in manifest.targets.items()},
    }
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def _dump_target(target):
    tools = {}
    for name, locked in target.tools.items():
        tools[name] = {
            "version": locked.version,
            "wheels": [dict(wheel._asdict()) for wheel in locked.wheels],
            "reason": locked.reason,
            "sha256": locked.sha256,
        }
    data = _without(target._asdict(), "name")
    data["tools"] = tools
    return data


def _without(mapping, key):
    return {name: value for name, value in mapping.items() if name != key}


def loads(text, path):
    """Read a manifest; nothing in it is believed before it has been checked.

    :param str text: the file's content.
    :param str path: where it was read, for messages.
    :rtype: Manifest
    :raises PrecacheError: where it is of another format, cut short, or names
        what could not be a file of a precache.
    """
    try:
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError("it holds no object")
        if data.get("format") != FORMAT:
            raise PrecacheError(
                path,
                "{} has format {!r}, this program reads format {}".format(path, data.get("format"), FORMAT),
                "build the precache and use it with the same release of testnode-python",
            )
        return _load(data)
    except PrecacheError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise PrecacheError(
            path,
            "{} is not a manifest: {}: {}".format(path, type(error).__name__, error),
            "build the precache again",
        ) from error


def _load(data):
    return Manifest(
        lock_digest=_matching(_SHA256, data["lock_digest"]),
        locked=str(data["locked"]),
        tools={
            _matching(NAME, name): Tool(
                name,
                _load_requirements(tool["requirements"]),
                _matching(COMMAND, tool["command"]),
                _load_words(tool["check"]),
            )
            for name, tool in data["tools"].items()
        },
        targets={name: _load_target(name, target) for name, target in data["targets"].items()},
        get_pip={
            str(python): GetPip(_matching(_GET_PIP, file["file"]), _matching(_SHA256, file["sha256"]))
            for python, file in data["get_pip"].items()
        },
    )


def _load_target(name, data):
    major, minor = data["python"]
    libc, floor = data["libc"]
    return Target(
        name=_matching(NAME, name),
        implementation=str(data["implementation"]),
        python=(int(major), int(minor)),
        machine=str(data["machine"]),
        libc=(str(libc), (int(floor[0]), int(floor[1]))),
        tools={
            _matching(NAME, tool): Locked(
                _matching(_VERSION, locked["version"]) if locked["version"] != "" else "",
                [_load_wheel(wheel) for wheel in locked["wheels"]],
                str(locked["reason"]),
                _matching(_SHA256, locked["sha256"]) if locked["sha256"] != "" else "",
            )
            for tool, locked in data["tools"].items()
        },
    )


def _load_wheel(data):
    return Wheel(
        _matching(NAME, data["name"]),
        _matching(_VERSION, data["version"]),
        _matching(_WHEEL, data["file"]),
        _matching(_SHA256, data["sha256"]),
        int(data["size"]),
    )


def _load_requirements(data):
    # The first one names the distribution of the tool.
    return [_matching(_REQUIREMENT, requirement) for requirement in _load_words(data) or [""]]


def _load_words(data):
    if not isinstance(data, list) or not all(isinstance(word, str) for word in data):
        raise ValueError("{!r} is no list of words".format(data))
    return data


def _matching(pattern, value):
    # fullmatch, because "$" lets a line break pass.
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("{!r} is not allowed there".format(value))
    return value
''',
    "testnode_python/mirrors.py": r'''
"""The third rung: a tool's environment by pip from a mirror."""

import os
import re
import shutil

from . import environments, indexes, pips, receipts, wheels
from .commands import clean_environment, run
from .errors import CommandError
from .tools import PIP, normalize

_CHECK_SECONDS = 60


def from_mirror(request, node):
    """Make the tool's environment from the first mirror that can serve.

    :param Request request: what is asked for.
    :param Node node: where.
    :rtype: Ready
    :raises Error: where none can, with the reason of each.
    """
    return pips.first_of(node, lambda mirror, within: _from_one(request, within, mirror))


def _from_one(request, node, mirror):
    tool = node.declared
    lock = node.lock_for(tool.name)
    if lock is not None and not node.versions.satisfies(lock.version, request.version):
        lock = None
    ready = environments.already(node, lock)
    if ready is not None:
        return ready
    # One request of ours tells more, and sooner, than pip's patience.
    indexes.links(mirror, tool.distribution, node.deadline, node.environ)
    with environments.locked(node.place, node.deadline) as held:
        ready = environments.already(node, lock)
        if ready is not None:
            return ready
        with pips.workshop() as folder:
            receipt = environments.make(node.place, _Work(mirror, node, lock, folder, held).fill)
    return environments.ready(node.place, receipt, unlocked=lock is None)


class _Work:
    """One attempt: what filling a tree needs to know."""

    def __init__(self, mirror, node, lock, folder, held):
        self.mirror = mirror
        self.node = node
        self.lock = lock
        self.folder = folder
        self.held = held

    def fill(self, tree):
        """Fill a tree; return its receipt.

        :raises CommandError: where pip or the tool itself fails.
        """
        node, tool = self.node, self.node.declared
        job = wheels.environment_job(tree, node.place)
        wheels.fill(job, node.platform.base, self.node.deadline, node.environ, self.held)
        self._install(tree)
        packages = self._packages(tree)
        version = next((each.version for each in packages if normalize(each.name) == tool.distribution), "")
        self._check(tree, tool)
        return receipts.Receipt(
            tool=tool.name,
            request=node.request.version,
            command=tool.command,
            version=version,
            source="mirror",
            origin=self.mirror.name,
            locked=node.lock_date() if self.lock else "",
            python=node.platform.base,
            series=node.platform.series,
            made=environments.now(),
            packages=packages,
        )

    def _install(self, tree):
        node = self.node
        place = pips.place_of_pip(self.mirror, node, self.folder)
        pip_lock = node.lock_for(PIP)
        locked_pip = [wheel for wheel in pip_lock.wheels if wheel.name == PIP] if pip_lock else []
        arguments = ["install", "--no-compile"] if not node.place.shared else ["install"]
        if self.lock is not None:
            # All hashes or none: a lock without pip's own is completed from pip's lock.
            has_pip = any(wheel.name == PIP for wheel in self.lock.wheels)
            arguments += ["--no-deps", "--require-hashes"]
            text = pips.pinned(self.lock.wheels + ([] if has_pip else locked_pip))
        else:
            requirements = _with_version(node.declared, node.request.version)
            text = "".join(line + "\n" for line in requirements + [self._own_pip(place)])
            arguments += ["--find-links", self.folder]
        arguments += ["--requirement", pips.written(self.folder, text)]
        pips.run_pip(
            os.path.join(tree, "bin", "python"),
            place,
            arguments,
            self.node.deadline,
            environ=node.environ,
            mirror=self.mirror,
            umask=0o022 if node.place.shared else None,
            keep_open=(self.held,),
        )

    def _own_pip(self, place):
        """Return the requirement of the environment's own pip: the one that runs, where that is a wheel.

        By version and from the private folder: a path would stand in the environment for ever.
        """
        if not place.endswith(".whl"):
            return PIP
        if os.path.dirname(place) != self.folder:
            shutil.copy(place, self.folder)
        return "{}=={}".format(PIP, os.path.basename(place).split("-")[1])

    def _packages(self, tree):
        hashes = {normalize(wheel.name): wheel.sha256 for wheel in self.lock.wheels} if self.lock else {}
        site = os.path.join(tree, "lib", "python" + self.node.platform.series, "site-packages")
        packages = []
        for entry in sorted(os.listdir(site)):
            stem, extension = os.path.splitext(entry)
            if extension == ".dist-info":
                name, _, version = stem.rpartition("-")
                packages.append(receipts.Package(name, version, hashes.get(normalize(name), "")))
        return packages

    def _check(self, tree, tool):
        """Run the tool once: no lock vouches that what a mirror gave works together."""
        program = wheels.command_in(tree, tool)
        environ = clean_environment(self.node.environ)
        deadline = self.node.deadline.sooner(_CHECK_SECONDS)
        result = run([program] + tool.check, deadline, environ, keep_open=(self.held,))
        if result.returncode != 0:
            words = (result.stderr or result.stdout).strip().splitlines() or ["no output"]
            raise CommandError(
                "{} was installed but does not work: {}".format(tool.name, words[-1]),
                [tool.command],
                result.returncode,
            )


def _with_version(tool, version):
    """Return a tool's requirements, those of its own distribution narrowed to a version."""
    narrowed = []
    for requirement in tool.requirements:
        own = tool._replace(requirements=[requirement]).distribution == tool.distribution
        name, semicolon, marker = requirement.partition(";")
        joint = "," if version and re.search("[<>=!~]", name) else ""
        narrowed.append(name.strip() + joint + version + semicolon + marker if own else requirement)
    return narrowed
''',
    "testnode_python/network.py": r'''
"""The network: the one place of the node side that opens connections."""

import http.client
import ipaddress
import netrc
import os
import queue
import ssl
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit, urlunsplit

from .errors import MirrorError
from .redaction import encoded, redact

# A mirror that needs longer to answer one request does not help a job.
ANSWER_SECONDS = 5
_TRIES = 3
# Before the second try; twice as long before the next.
PAUSE_SECONDS = 0.4
_TRANSIENT = (500, 502, 503, 504)
LARGEST = 64 * 1024 * 1024
_BLOCK = 64 * 1024


def read(url, mirror, deadline, environ):
    """Read what is at a URL, trying again where that may help.

    :param str url: the URL; its credentials, the mirror's or those in netrc are used.
    :param Mirror mirror: whose certificates, proxy and trusted hosts count.
    :param Deadline deadline: when to give up.
    :param dict environ: the caller's variables.
    :returns: the content, and the URL that it came from in the end.
    :rtype: tuple(bytes, str)
    :raises MirrorError: with the reason.
    """
    shown = redact(url, mirror.secrets)
    _refuse_insecure(url, shown, mirror)
    for attempt in range(1, _TRIES + 1):
        try:
            return _read_once(url, mirror, deadline, environ)
        except urllib.error.HTTPError as error:
            error.close()
            # Of redirects urllib says what is wrong.  A server's own words may repeat what we sent.
            words = str(error.reason).partition("\n")[0] if 300 <= error.code < 400 else ""
            words = redact(words, mirror.secrets) or http.client.responses.get(error.code, "")
            reason = "{} answers {} {}".format(shown, error.code, words).rstrip()
            transient = error.code in _TRANSIENT
        except http.client.IncompleteRead as error:
            reason, transient = "{} broke off after {} bytes".format(shown, len(error.partial)), True
        except (http.client.InvalidURL, UnicodeError):
            # Its words may hold what stands where a port should be.
            reason, transient = "{} (or its proxy) has an address that is none".format(shown), False
        except (http.client.HTTPException, OSError, ValueError) as error:
            cause = getattr(error, "reason", error)
            reason = "{} cannot be read: {}".format(shown, _words(cause))
            transient = isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError)
        if not transient or attempt == _TRIES or not deadline.left():
            break
        time.sleep(min(PAUSE_SECONDS * attempt, deadline.left()))
    raise MirrorError(shown, reason)


def _words(cause):
    if isinstance(cause, OSError) and "timed out" in str(cause):
        return "timed out"  # by the socket, TLS or us, each in its own words
    return redact(getattr(cause, "strerror", None) or str(cause))


def _read_once(url, mirror, deadline, environ):
    address, headers = _without_credentials(url, mirror, environ)
    request = urllib.request.Request(address, headers={"Accept": "text/html, */*;q=0.1"})
    for name, value in headers.items():
        # A redirect to another host must not carry them along.
        request.add_unredirected_header(name, value)
    _through_proxy(request, mirror, environ)
    blocks, size = [], 0
    seconds = max(min(ANSWER_SECONDS, deadline.left()), 0.1)
    with _opened(_opener(mirror, environ, address), request, seconds) as answer:
        while True:
            block = answer.read1(_BLOCK)
            if not block:
                break
            size += len(block)
            blocks.append(block)
            if size > LARGEST:
                raise ValueError("it is larger than {} MB".format(LARGEST // 1024 // 1024))
            if not deadline.left():
                raise ValueError("timed out after {} bytes".format(size))
        if answer.length:  # read1 does not tell when the server stops early
            raise http.client.IncompleteRead(b"".join(blocks), answer.length)
        return b"".join(blocks), answer.geturl()


def _opened(opener, request, seconds):
    """Open, in a thread that is left behind where that lasts.

    Name servers, and headers that come byte by byte, do not mind a socket's time-out.
    """
    answers = queue.Queue()
    abandoned = threading.Event()

    def work():
        try:
            answers.put((opener.open(request, timeout=seconds), None))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            answers.put((None, error))
        if abandoned.is_set():
            close_late()

    def close_late():
        try:
            answer, error = answers.get_nowait()
        except queue.Empty:
            return
        for late in (answer, error):
            if hasattr(late, "close"):
                late.close()

    threading.Thread(target=work, daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        abandoned.set()
        close_late()
        raise TimeoutError("timed out") from None
    if error is not None:
        raise error
    return answer


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Keeps credentials on the same host, where an index redirects to add a slash."""

    def __init__(self, mirror, environ):
        self.mirror = mirror
        self.environ = environ

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        try:
            _ = urlsplit(newurl).port
        except ValueError as error:  # most often what stands there is no port but a password
            raise MirrorError(
                "", "{} redirects to an address that is none".format(redact(req.full_url))
            ) from error
        shown = redact(newurl, self.mirror.secrets)
        _refuse_insecure(newurl, shown, self.mirror)
        if urlsplit(newurl).username is not None:
            raise MirrorError(shown, "{} names an account in a redirect".format(redact(req.full_url)))
        if _is_trusted_host(req.full_url, self.mirror) and not _is_trusted_host(newurl, self.mirror):
            # The context that does not verify certificates would be used there, too.
            raise MirrorError(shown, "{} leads from a trusted host to another".format(redact(req.full_url)))
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None:
            if urlsplit(newurl)[:2] == urlsplit(req.full_url)[:2]:
                for name, value in req.unredirected_hdrs.items():
                    new.add_unredirected_header(name, value)
            _through_proxy(new, self.mirror, self.environ)
        return new


def _opener(mirror, environ, url):
    handlers = [
        urllib.request.HTTPSHandler(context=_context(mirror, url)),
        urllib.request.ProxyHandler({}),  # not those of this process: see _through_proxy
        _Redirects(mirror, environ),
    ]
    return urllib.request.build_opener(*handlers)


def _context(mirror, url):
    context = ssl.create_default_context()
    bundle = mirror.settings.get("cert")
    certificate = mirror.settings.get("client-cert")
    try:
        if bundle:
            context.load_verify_locations(**{"capath" if os.path.isdir(bundle) else "cafile": bundle})
        if certificate:
            context.load_cert_chain(certificate)
    except OSError as error:  # ssl.SSLError is one
        raise MirrorError(
            mirror.name,
            "the certificates in {} cannot be used: {}".format(
                " and ".join(filter(None, (bundle, certificate))), _words(error)
            ),
        ) from error
    if _is_trusted_host(url, mirror):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _through_proxy(request, mirror, environ):
    """Send a request through the proxy that is meant for it."""
    proxy = _proxy_for(urlsplit(request.full_url), mirror, environ)
    if proxy:
        parts = urlsplit(proxy if "://" in proxy else "//" + proxy)
        if parts.username is not None:
            request.add_unredirected_header("Proxy-Authorization", _basic(parts.username, parts.password))
        request.set_proxy(_host(parts), "http")


def _proxy_for(parts, mirror, environ):
    """Choose a proxy as pip does: the configured one for all, else that of the caller's variables."""
    if mirror.settings.get("proxy"):
        return mirror.settings["proxy"]
    # Upper case sorts first: a name in lower case wins, as everywhere.
    named = {name.lower(): value for name, value in sorted(environ.items())}
    bypassed = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]  # as old as ProxyHandler
    if bypassed(_host(parts), {"no": named.get("no_proxy", "")}):
        return ""
    return named.get(parts.scheme + "_proxy") or named.get("all_proxy", "")


def _basic(user, password):
    return "Basic " + encoded(user, password)


def _without_credentials(url, mirror, environ):
    """Split a URL into what is asked for and the headers that carry who asks."""
    parts = urlsplit(url)
    user, password = parts.username, parts.password
    if user is None:
        # Files lie beside the pages, under the same account.
        for place in mirror.indexes + mirror.listed("find-links"):
            other = urlsplit(place)
            if other.username is not None and (other.scheme, _host(other)) == (parts.scheme, _host(parts)):
                user, password = other.username, other.password
                break
        else:
            user, password = _from_netrc(parts.hostname, environ)
    address = urlunsplit(parts._replace(netloc=_host(parts)))
    if user is None:
        return address, {}
    return address, {"Authorization": _basic(user, password)}


def _host(parts):
    return parts.netloc.rpartition("@")[2]


def _from_netrc(host, environ):
    path = environ.get("NETRC") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".netrc")
    try:
        found = netrc.netrc(path).authenticators(host or "")
    except (OSError, ValueError, netrc.NetrcParseError):
        found = None
    return (found[0], found[2]) if found else (None, None)


def _is_trusted_host(url, mirror):
    parts = urlsplit(url)
    return bool({parts.hostname, _host(parts)} & set(mirror.listed("trusted-host")))


def _refuse_insecure(url, shown, mirror):
    """Hold to pip's rule: no plain HTTP but to this machine and to trusted hosts."""
    parts = urlsplit(url)
    if parts.scheme == "https" or _is_trusted_host(url, mirror):
        return
    try:
        local = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        local = parts.hostname == "localhost"
    if not local:
        raise MirrorError(
            shown,
            "{} is neither https nor a trusted host (use either, as pip demands)".format(shown),
        )
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
    "testnode_python/packages.py": r'''
"""What the tools are called as packages of distributions: data, and how to choose from it."""

import re

from .errors import Error

OS_RELEASE = "/etc/os-release"

# As ID in os-release(5).  RHEL's clones are the same as it.
_FAMILIES = {
    "debian": "debian",
    "ubuntu": "debian",
    "fedora": "fedora",
    "rhel": "rhel",
    "centos": "rhel",
    "rocky": "rhel",
    "almalinux": "rhel",
}

# By tool and family.  A key with releases holds for those only; RHEL has few of the tools, and no
# wheel any more since 10, where setuptools does its work.
_NAMES = {
    "pip": {
        "debian": ["python3-pip", "python3-setuptools", "python3-venv", "python3-wheel"],
        "fedora": ["python3-pip", "python3-setuptools", "python3-wheel"],
        "rhel 8 9": ["python3-pip", "python3-setuptools", "python3-wheel"],
        "rhel 10": ["python3-pip", "python3-setuptools"],
    },
    "virtualenv": {
        "debian": ["virtualenv"],
        "fedora": ["python3-virtualenv"],
        "rhel 8": ["python3-virtualenv"],
    },
    "tox": {"debian": ["tox"], "fedora": ["tox"]},
    "nox": {"debian": ["nox"], "fedora": ["nox"]},
    "stestr": {"debian": ["python3-stestr"], "fedora": ["python3-stestr"]},
    "bindep": {"debian": ["bindep"]},
    "build": {"debian": ["python3-build"], "fedora": ["python3-build"]},
}


def names_of(tool, os_release):
    """Return the packages that give a tool.

    :param str tool: its name.
    :param str os_release: content of ``/etc/os-release``.
    :rtype: list(str)
    :raises Error: where they are not known, naming what to set.
    """
    values = dict(re.findall(r"^(\w+)=[\"']?([^\"'\n]*)", os_release, re.MULTILINE))
    family = _FAMILIES.get(values.get("ID", ""), "")
    release = values.get("VERSION_ID", "").partition(".")[0]
    for key, names in _NAMES.get(tool, {}).items():
        name, *releases = key.split()
        if name == family and (not releases or release in releases):
            return names
    raise Error(
        "the packages of {} are not known for {} {}".format(
            tool, values.get("ID") or "this distribution", values.get("VERSION_ID", "")
        ).strip(),
        "name them: packages of the module, or the role's variable that ends in _packages",
    )


def here(tool):
    """Return the packages that give a tool on this machine; raises as ``names_of``."""
    try:
        with open(OS_RELEASE, encoding="utf-8") as file:
            text = file.read()
    except OSError:
        text = ""
    return names_of(tool, text)
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
    "testnode_python/pips.py": r'''
"""Running pip: out of a wheel, with nothing installed, told only what it shall know."""

import os
import re
from contextlib import contextmanager

from . import indexes
from .commands import clean_environment, last_lines
from .configuration import pip_variables
from .errors import CommandError, Error, MirrorError, PrecacheError
from .redaction import redact
from .runners import pip_main, start
from .tools import PIP

# Seconds without an answer, and tries after the first, that pip gives a server.
_PIP_PATIENCE = {"PIP_DEFAULT_TIMEOUT": "10", "PIP_RETRIES": "2"}
# How lines begin that do not say what is wrong: details, warnings, and where in its code pip stood.
_NOISE = (
    *(" ", "WARNING: ", "DEPRECATION: ", "ERROR: Ignored the following "),
    *("ERROR: Exception:", "Exception:", "Traceback "),
)
# All that ever were, where one that does not exist is asked for.
_TOLD = 3
_VERSIONS = re.compile(r"\(from versions: ([^()]*)\)")
_PIP_WHEEL = re.compile(r"pip-([0-9]{1,9}(?:\.[0-9]{1,9}){0,9})-py[0-9.py]*3[0-9.py]*-none-any\.whl")
_OLDEST_PYTHON = re.compile(r">=\s*([0-9]{1,9})\.([0-9]{1,9})")


@contextmanager
def workshop():
    """Give a private folder for what an install needs, removed at the end.

    :raises Error: where there is no room for it, or not enough: what is written
        elsewhere meanwhile has errors of its own.
    """
    import tempfile  # which takes longer to import than most of us

    try:
        with tempfile.TemporaryDirectory(prefix="testnode-python-") as folder:
            yield folder
    except OSError as error:
        raise Error(
            "no temporary files can be written: {}".format(error.strerror or error),
            "make room, or name another folder with TMPDIR",
        ) from error


def pinned(wheels):
    """Return a requirement file that admits exactly these wheels.

    :param wheels: locked wheels (iterable of Wheel).
    :rtype: str
    """
    hashes = {}
    for wheel in wheels:
        hashes.setdefault("{0.name}=={0.version}".format(wheel), []).append("--hash=sha256:" + wheel.sha256)
    return "".join("{} {}\n".format(pin, " ".join(admitted)) for pin, admitted in hashes.items())


def run_pip(python, place, arguments, deadline, **options):
    """Run pip in an interpreter.

    :param str python: the interpreter.
    :param str place: the pip wheel, the folder that pip is imported from, or a get-pip.py.
    :param list arguments: what pip is told.
    :param Deadline deadline: when it is killed.
    :param options: ``environ`` (the caller's variables), ``mirror`` (or None for no
        network), ``umask``, ``extra`` (variables for pip), and what ``start`` takes.
    :raises CommandError: where pip fails, with its own words.
    """
    mirror = options.pop("mirror")
    environ = clean_environment(options.pop("environ"))
    environ.update(pip_variables(mirror))
    environ.update(_PIP_PATIENCE)
    environ.update(options.pop("extra", {}))
    job = {"place": place, "arguments": arguments, "umask": options.pop("umask", None)}
    result = start(python, pip_main, job, deadline, environ=environ, **options)
    if result.returncode != 0:
        secrets = mirror.secrets if mirror else ()
        raise CommandError(
            "{} failed: {}".format(
                "get-pip.py" if place.endswith(".py") else "pip", redact(_reason(result), secrets)
            ),
            ["pip"] + arguments,
            result.returncode,
            redact(last_lines(result.stderr), secrets),
        )


def _reason(result):
    """Return what pip says is wrong, without the noise around it."""
    lines = [line.rstrip() for line in (result.stderr or result.stdout).splitlines()]
    lines = [line for line in lines if line and not line.startswith(_NOISE)]
    # Old ones do not mark their errors.
    said = [line[len("ERROR: ") :] for line in lines if line.startswith("ERROR: ")] or lines[-2:]
    said = [_VERSIONS.sub(_newest, line) for line in said]
    return " ".join(said[:2]) or "exit code {}".format(result.returncode)


def _newest(match):
    versions = match.group(1).split(", ")
    return match.group() if len(versions) <= _TOLD else "(newest: {})".format(", ".join(versions[-_TOLD:]))


def fetch(mirror, node, locked, folder):
    """Fetch a pip wheel from a mirror: the locked one, else the newest that fits.

    :param Mirror mirror: where from.
    :param Node node: for which interpreter.
    :param Wheel locked: the locked wheel, or None.
    :param str folder: where to put it.
    :returns: its path.
    :rtype: str
    :raises MirrorError: where the mirror has none.
    """
    found = indexes.links(mirror, PIP, node.deadline, node.environ)
    if locked is not None:
        found = [link._replace(sha256=locked.sha256) for link in found if link.file == locked.file]
    else:
        found = newest_first(found, node.platform.minor)
    if not found:
        wanted = locked.file if locked else "pip for Python {}".format(node.platform.series)
        raise MirrorError(mirror.name, "{} has no {}".format(mirror.name, wanted))
    return indexes.download(found[0], folder, mirror, node.deadline, node.environ)


def newest_first(links, minor):
    """Return the released pip wheels among links that support a Python, newest first.

    Only here are versions compared without ``packaging``: it comes with pip.  pip's
    releases have plain numbers and declare but a lower bound.

    :param links: files of the project (iterable of Link).
    :param tuple minor: the Python, as in ``(3, 11)``.
    :rtype: list(Link)
    """
    fitting = []
    for link in links:
        wheel = _PIP_WHEEL.fullmatch(link.file)
        oldest = _OLDEST_PYTHON.search(link.requires_python)
        if wheel and not (oldest and (int(oldest.group(1)), int(oldest.group(2))) > minor):
            fitting.append((tuple(map(int, wheel.group(1).split("."))), link))
    return [link for _, link in sorted(fitting, reverse=True)]


def place_of_pip(mirror, node, folder):
    """Return a pip that runs: the precache's, else the mirror's, else one on the node.

    :param Mirror mirror: where it may be fetched.
    :param Node node: for which interpreter.
    :param str folder: where to put what is fetched.
    :returns: a wheel, or a folder to import pip from.
    :rtype: str
    :raises MirrorError: where there is none at all.
    """
    lock = node.lock_for(PIP)
    wheels = {wheel.name: wheel for wheel in lock.wheels} if lock else {}
    try:
        return node.precache.checked(os.path.join("wheels", wheels[PIP].file), wheels[PIP].sha256)
    except (KeyError, PrecacheError):
        pass
    try:
        return fetch(mirror, node, wheels.get(PIP), folder)
    except MirrorError:
        there = node.interpreter.bundled_pip
        if not there and PIP in node.interpreter.modules:
            there = node.interpreter.modules[PIP].folder
        if not there:
            raise
        return there


def first_of(node, attempt):
    """Try the node's mirrors in order, each for its share of the time that is left.

    :param Node node: whose mirrors.
    :param attempt: callable of a mirror and a node with that time; gives a Ready.
    :returns: that Ready; its words tell also why the mirrors before did not serve.
    :rtype: Ready
    :raises Error: where none can serve, with the reason of each.
    """
    mirrors = node.mirrors()
    reasons = []
    for position, mirror in enumerate(mirrors):
        try:
            ready = attempt(mirror, node.within(node.deadline.left() / (len(mirrors) - position)))
        except (MirrorError, CommandError) as error:
            reasons.append("{}: {}".format(mirror.name, error))
            continue
        # That the first mirrors are down is worth knowing even where a later one served.
        return ready._replace(words="; ".join([ready.words] + ["not from " + reason for reason in reasons]))
    cure = "see that name and version exist, and that --mirror or pip's configuration leads to an index"
    if not node.deadline.left():
        cure = "allow more time than {:g} s with --timeout".format(node.request.timeout)
    raise Error("; ".join(reasons), cure)


def written(folder, text):
    """Write a requirement file into a private folder; return its path."""
    path = os.path.join(folder, "requirements.txt")
    with open(path, "w") as file:
        file.write(text)
    return path
''',
    "testnode_python/precache.py": r'''
"""The precache on a node's disk: opened, distrusted, chosen from."""

import hashlib
import os

from . import manifest, ownership
from .errors import PrecacheError
from .tools import PIP

# What holds precaches, each in a folder of its own, and the link to the one that is used.
DEFAULT_OUTPUT = "/opt/cache/testnode-python"
CURRENT = "current"
DEFAULT_PATH = DEFAULT_OUTPUT + "/" + CURRENT
# Without this and pip nothing else can be installed.
INSTALLER = "installer"

_BLOCK = 1024 * 1024


class Precache:
    """An opened precache: its folder and what its manifest says.

    :param str name: the path that it is known by.
    :param str path: the folder with the manifest, links resolved.
    :param Manifest manifest: its content.
    :param set owners: users that its files may belong to.
    """

    def __init__(self, name, path, manifest, owners):
        self.name = name
        self.path = path
        self.manifest = manifest
        self.owners = owners

    def __str__(self):
        return "the precache {} (locked {})".format(self.name, self.manifest.locked[:10])

    def target_for(self, platform):
        """Return the target that was locked for an platform.

        :rtype: Target
        :raises PrecacheError: where there is none, naming what there is.
        """
        kind = (platform.implementation, platform.minor, platform.machine)
        for target in self.manifest.targets.values():
            if (target.implementation, target.python, target.machine) == kind:
                libc, floor = target.libc
                if platform.libc[0] != libc or platform.libc[1] < floor:
                    raise PrecacheError(
                        self.path,
                        "the wheels for {} need {} {}.{}, this Python has {}".format(
                            target.name, libc, floor[0], floor[1], _libc_words(platform.libc)
                        ),
                    )
                return target
        raise PrecacheError(
            self.path,
            "{} has nothing for {} {} on {}, only for {}".format(
                self.name,
                platform.implementation,
                platform.series,
                platform.machine,
                ", ".join(sorted(self.manifest.targets)) or "no target at all",
            ),
            "build it with --target for this Python, or name another Python with --python",
        )

    def locked(self, name, platform):
        """Return the lock of a tool for an platform.

        :param str name: the tool's name.
        :param Platform platform: where it is to run.
        :rtype: Locked
        :raises PrecacheError: where there is none, with the reason.
        """
        target = self.target_for(platform)
        locked = target.tools.get(name)
        if locked is None:
            raise PrecacheError(
                self.path,
                "{} has no {}, only {}".format(self.name, name, ", ".join(sorted(target.tools))),
                "add it to the toolset and build the precache again",
            )
        if not locked.wheels:
            raise PrecacheError(
                self.path, "{} has no {} for {}: {}".format(self.name, name, target.name, locked.reason)
            )
        return locked

    def locked_pip(self, platform):
        """Return the locked wheel of pip itself for an platform.

        :rtype: Wheel
        :raises PrecacheError: where there is none.
        """
        for wheel in self.locked(PIP, platform).wheels:
            if wheel.name == PIP:
                return wheel
        raise PrecacheError(
            self.path,
            "{} has no wheel of pip".format(self.name),
            "build the precache again, or name another one",
        )

    def wheels(self, locked):
        """Return the paths of a lock's wheels, each one's hash checked now.

        :param Locked locked: the lock.
        :rtype: list(str)
        :raises PrecacheError: where one is missing or is not what was locked.
        """
        return [self.checked(os.path.join("wheels", wheel.file), wheel.sha256) for wheel in locked.wheels]

    def checked(self, relative, sha256):
        """Return the path of a file after its hash was found right.

        :param str relative: its path below the precache.
        :param str sha256: the hash that the manifest gives.
        :rtype: str
        :raises PrecacheError: where it is missing, is not what was locked, or
            could be changed by others once it was looked at.
        """
        path = os.path.join(self.path, relative)
        cure = "build the precache again, or name another one"
        digest = hashlib.sha256()
        try:
            # A pipe would be waited on for ever.
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                for block in iter(lambda: file.read(_BLOCK), b""):
                    digest.update(block)
        except OSError as error:
            raise PrecacheError(path, "{} cannot be read: {}".format(path, error.strerror), cure) from error
        if digest.hexdigest() != sha256:
            raise PrecacheError(
                path,
                "{} is not the file that was locked (sha256 {}..., expected {}...)".format(
                    path, digest.hexdigest()[:12], sha256[:12]
                ),
                cure,
            )
        reason = ownership.fault(os.path.realpath(path), self.owners)
        if reason:
            raise PrecacheError(path, "{} is not safe: {}".format(path, reason), _own_it(self.owners))
        return path

    def get_pip(self, platform):
        """Return the path of get-pip.py for an interpreter, its hash checked now.

        :rtype: str
        :raises PrecacheError: where the precache has none.
        """
        file = self.manifest.get_pip.get(platform.series)
        if file is None:
            raise PrecacheError(
                self.path,
                "{} has no get-pip.py for Python {}".format(self.name, platform.series),
                "build it without --no-get-pip",
            )
        return self.checked(file.file, file.sha256)


def open_precache(path=""):
    """Open a precache, if it is one and may be believed.

    At the default path everything on the way must be root's; elsewhere the caller
    vouches for the way by naming it, and the folder must be root's or the caller's.

    :param str path: the folder with the manifest, the link to it or the folder
        with that link; "" for the default path.
    :rtype: Precache
    :raises PrecacheError: with the reason and the cure.
    """
    named = bool(path)
    path = os.path.abspath(os.path.expanduser(path or DEFAULT_PATH))
    try:
        folder = _folder_with_manifest(path)
    except OSError as error:
        raise PrecacheError(
            path, "{} cannot be read: {}".format(error.filename, error.strerror), "make it readable by all"
        ) from error
    if folder is None:
        raise PrecacheError(
            path,
            "there is no precache at {}".format(path),
            "build one with 'testnode-python precache build', or name another with --precache",
        )
    owners = ownership.trusted_owners() if named else {0}
    reason = _distrust(folder, named, owners)
    if reason:
        cure = _own_it(owners) if named else "make it and all on the way root's and writable by nobody else"
        raise PrecacheError(path, "the precache at {} is not safe: {}".format(path, reason), cure)
    real = os.path.realpath(folder)
    file = os.path.join(real, manifest.FILE_NAME)
    try:
        with open(file, encoding="utf-8") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise PrecacheError(
            file, "{} cannot be read: {}".format(file, error), "build the precache again"
        ) from error
    return Precache(path, real, manifest.loads(text, file), owners)


def _folder_with_manifest(path):
    for folder in (path, os.path.join(path, CURRENT)):
        try:
            os.stat(os.path.join(folder, manifest.FILE_NAME))
            return folder
        except (FileNotFoundError, NotADirectoryError):
            continue
    return None


def _distrust(folder, named, owners):
    reason = ownership.fault(folder, owners) if named else ownership.fault_with_parents(folder, owners)
    real = os.path.realpath(folder)
    inside = (
        real,
        os.path.join(real, manifest.FILE_NAME),
        os.path.join(real, "wheels"),
        os.path.join(real, "get-pip"),
    )
    for path in inside:
        if not reason and os.path.lexists(path):
            reason = ownership.fault(path, owners)
    return reason


def _own_it(owners):
    # Root believes nobody else: to it "yours" would not be the caller's.
    return "make it root's{} and writable by nobody else".format(" or yours" if owners > {0} else "")


def _libc_words(libc):
    name, version = libc
    return "{} {}.{}".format(name, *version) if name else "another C library"
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
    "testnode_python/provision.py": r'''
"""What a role asks for: tools for a job, and what of the work only root or the package manager can do.

A role runs as the job's user.  What that user cannot do is not tried but told,
so that the role asks again as root, or after the packages were installed.
"""

import os

from . import ladder, packages, privileges
from .commands import Deadline
from .errors import Error, NotReadyError, UsageError
from .finder import Provision, all_of_pip, look, takes_root, venv_command
from .outcome import Outcome
from .supplies import SuppliedNode
from .tools import PIP


def tools(requests, environ, names=(), soft=False):
    """Make tools ready, each in an environment of its own; the first request's time is for all.

    :param list requests: what is asked for (``Request``).
    :param dict environ: the caller's variables.
    :param names: packages that give the tools; by default those known for the distribution.
    :param bool soft: what cannot be made ready is a warning and no error.
    :rtype: Provision
    :raises NotReadyError: where no source served.
    :raises Error: where a request makes no sense.
    """
    done = Provision([])
    deadline = Deadline(requests[0].timeout if requests else 0)
    for position, request in enumerate(requests):
        share = max(deadline.left() / (len(requests) - position), 0.1)
        try:
            # A time that makes no sense stays one, for it to be refused.
            asked = _softly(request, soft)._replace(timeout=min(request.timeout, share))
            node = SuppliedNode(asked, environ)
            one = _provide(node, names)
            if position == 0:
                one = one._replace(virtualenv_command=venv_command(node))
        except Error as error:
            if not soft:
                raise
            outcome = error.outcome if isinstance(error, NotReadyError) else Outcome.unready(request.tool)
            one = Provision([outcome], warnings=[str(error)])
        done = done.and_also(one)
    return done


def _softly(request, soft):
    """Return the request; who wants no failure does not want to hear of packages either."""
    if not soft:
        return request
    sources = tuple(source for source in request.sources if source != "packages")
    if not sources:
        raise UsageError(
            "no source is allowed, for packages are not installed where nothing may fail",
            "choose from system, precache, mirror",
        )
    return request._replace(sources=sources)


def _provide(node, names=()):
    """Provide what one node is asked for, or say what must come before."""
    if takes_root(node):
        return _without_root(node, names)
    there = look(node) if node.request.get_pip else Provision([], missing=True)
    done = _climbed(node, names) if there.missing else there
    if node.tool.name != PIP or node.request.scope != "user" or node.interpreter.venv:
        return done
    return done._replace(warnings=[_for_one_user(outcome) for outcome in done.outcomes if outcome.changed])


def _without_root(node, names):
    there = look(node)
    if not there.missing or there.needs_root:
        return there._replace(missing=False)
    if node.tool.name == PIP:
        raise Error(
            "pip for everybody is installed by root, and this user may not become it",
            "allow sudo without a password, or set the scope to user",
        )
    # Better in the home than not at all.
    done = _climbed(node.asking(link=False), names)
    return done._replace(warnings=[_without_link(outcome) for outcome in done.outcomes])


def _without_link(outcome):
    return (
        "{} is at {} and does not run by its bare name: that takes root, which this user may not become"
        " (sudo without a password)".format(outcome.tool, outcome.executable)
    )


def _for_one_user(outcome):
    return (
        "{} is for this user alone: root does not import it, so Ansible's pip module fails with become,"
        " and a plain shell does not have its folder on PATH".format(outcome.executable or outcome.tool)
    )


def pip(requests, environ, names=(), virtualenv_command=""):
    """Make pip ready for interpreters, and find out what makes environments.

    :param list requests: one for each interpreter; environments are made by the first one's.
    :param dict environ: the caller's variables.
    :param names: as for ``tools``.
    :param str virtualenv_command: what the caller wants to make environments with.
    :rtype: Provision
    :raises NotReadyError: where no source served.
    :raises Error: where a request makes no sense, or takes a root that the caller may not become.
    """
    nodes = [SuppliedNode(request, environ) for request in requests]
    return all_of_pip(nodes, lambda node: _provide(node, names if node in nodes else ()), virtualenv_command)


def _promised(node):
    """Return what would come of a request, as far as that is known before."""
    place = "/usr" if node.request.packaged else node.place.path
    executable = os.path.join(place, "bin", node.declared.command) if node.tool.name != PIP else ""
    return Outcome.unready(node.tool.name)._replace(executable=executable, changed=True)


def _climbed(node, names):
    """Climb the ladder; where the distribution is to give the tool, say what to install."""
    if node.request.dry and (node.request.installs or node.request.packaged):
        there = look(node)
        return Provision([_promised(node)]) if there.missing else there
    try:
        return Provision([ladder.climb(node)])
    except NotReadyError as error:
        if "packages" not in node.request.sources or node.request.packaged:
            raise
        try:
            needed = list(names) or packages.here(node.tool.name)
        except Error:
            needed = []  # the reason is among the others
        if not needed:
            raise
        if not privileges.may_become_root(node.environ):
            raise NotReadyError(
                error.outcome,
                "{}\npackages are installed by root, and this user may not become it".format(error.cause),
                "allow sudo without a password, or another source",
            ) from error
        return Provision([], packages=needed)
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
    "testnode_python/runners/environment.py": r'''
"""Make a venv and install wheels into it (runs in the interpreter it is made for).

PyPA installer does the installing, run from its own wheel: pip would take
seconds to import, and ensurepip seconds more.
"""

import gc
import json
import os
import re
import sys
import sysconfig

# Import statements of a module itself; those in functions wait until they are called.
_FROM = re.compile(r"\nfrom +([.\w]+) +import +(\([^)]*\)|.*)")
_IMPORT = re.compile(r"\nimport +(.*)")
_COMMENT = re.compile(r"#.*")
_NAME = re.compile(r"(?:^|[,(])\s*([\w.]+)")
# How many turns two processes take at most: their numbers have to fit into a pipe.
_TURNS = 4096


def aside(work):
    """Do some work in a process of its own, beside this one.

    :param work: callable without arguments.
    :returns: what ``finish`` needs.
    :rtype: int
    """
    child = os.fork()
    if child == 0:
        _end_with(work)
    return child


def _end_with(work):
    status = 1
    try:
        work()
        status = 0
    except Exception as error:  # noqa: BLE001 - the parent would not see it
        sys.stderr.write("{}: {}\n".format(type(error).__name__, error))
        sys.stderr.flush()
    os._exit(status)


def finish(child):
    """Wait for work that was done aside.

    :raises SystemExit: where it failed; it has printed why.
    """
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(1)


def make(path):
    """Make a venv without pip.

    :param str path: its folder.
    """
    import venv  # here, because whoever only hands this file on need not wait for it

    venv.EnvBuilder(symlinks=True, with_pip=False).create(path)


def biggest_first(wheels):
    """Return wheels in the order in which two processes are done soonest: by their number of files."""
    import zipfile

    counted = []
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            counted.append((len(archive.namelist()), wheel))
    return [wheel for _, wheel in sorted(counted, reverse=True)]


def in_two_processes(work, items):
    """Do some work for each item, each process taking the next when it is done with one.

    :param work: callable of an item.
    :param list items: what there is to do.
    :raises SystemExit: where the other process failed.
    """
    # A pipe is a queue that processes share: whoever reads a number does what is of that turn.
    turns = min(len(items), _TURNS)
    numbers, feed = os.pipe()
    os.write(feed, b"".join(number.to_bytes(2, "little") for number in range(turns)))
    os.close(feed)

    def take():
        for number in iter(lambda: os.read(numbers, 2), b""):
            for item in items[int.from_bytes(number, "little") :: turns]:
                work(item)

    other = aside(take)
    try:
        take()
    finally:
        os.close(numbers)
        finish(other)


def installer_into(path):
    """Return a function that installs a wheel into a venv of this interpreter.

    :param str path: the venv, which need not be there yet.
    """
    from installer import install
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    # Distributions patch their default scheme; a venv is always laid out like this.
    roots = {"base": path, "platbase": path, "installed_base": path, "installed_platbase": path}
    scheme = {
        name: sysconfig.get_path("include" if name == "headers" else name, "posix_prefix", roots)
        for name in ("purelib", "platlib", "scripts", "data", "headers")
    }
    destination = SchemeDictionaryDestination(
        scheme, interpreter=os.path.join(path, "bin", "python"), script_kind="posix"
    )
    metadata = {"INSTALLER": b"testnode-python\n"}

    def install_wheel(wheel):
        with WheelFile.open(wheel) as source:
            install(source=source, destination=destination, additional_metadata=metadata)

    return install_wheel


def fill(path, wheels):
    """Make a venv and install wheels into it.

    In two processes: one imports what the other does not need yet, and what takes
    the time is to create a thousand files.

    :param str path: the venv.
    :param list wheels: paths of wheels.
    :raises SystemExit: where the other process failed.
    """
    making = aside(lambda: make(path))
    try:
        install_wheel = installer_into(path)
        ordered = biggest_first(wheels)
    finally:
        finish(making)
    in_two_processes(install_wheel, ordered)


def imports_of(text, package):
    """Return what a module may import when it is imported itself.

    :param str text: its source.
    :param str package: the package that it lies in; "" for none.
    :returns: dotted names; some are of no module, but of what is in one.
    :rtype: list(str)
    """
    text = "\n" + text
    names = [name for line in _IMPORT.findall(text) for name in _NAME.findall(_COMMENT.sub("", line))]
    for origin, line in _FROM.findall(text):
        level = len(origin) - len(origin.lstrip("."))
        if level:
            parents = package.split(".")[: len(package.split(".")) + 1 - level]
            origin = ".".join(parents + list(filter(None, [origin.lstrip(".")])))
        names.append(origin)
        names += ["{}.{}".format(origin, name) for name in _NAME.findall(_COMMENT.sub("", line))]
    return names


def file_of(module, site):
    """Return the path of a module's source in a folder, or "" where it has none there."""
    path = os.path.join(site, *module.split("."))
    files = [os.path.join(path, "__init__.py"), path + ".py"]
    return next((file for file in files if os.path.isfile(file)), "")


def needed_by(script, site):
    """Return the sources that a script imports when it starts, as far as statements tell.

    :param str script: its path; what is not there or no script needs nothing.
    :param str site: the folder that its modules are in.
    :rtype: list(str)
    """
    if not os.path.isfile(script):
        return []
    with open(script, "rb") as file:
        names = imports_of(file.read().decode(errors="replace"), "") if file.read(2) == b"#!" else []
    found = {}
    while names:
        name = names.pop()
        if name in found:
            continue
        found[name] = path = file_of(name, site)
        if path:
            package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
            with open(path, encoding="utf-8", errors="replace") as file:
                names += imports_of(file.read(), package)
            names += [name.rpartition(".")[0]] if "." in name else []
    return sorted(filter(None, found.values()))


def sources_below(folder):
    """Return all Python sources below a folder."""
    return [
        os.path.join(place, name)
        for place, _, names in os.walk(folder)
        for name in sorted(names)
        if name.endswith(".py")
    ]


def compile_sources(paths):
    """Write the bytecode of sources."""
    import compileall

    in_two_processes(lambda path: compileall.compile_file(path, quiet=2), paths)


def main(job):
    """Do the job: ``path``, ``wheels``, ``installer`` (its wheels), ``umask``, ``compile``, ``command``.

    All is compiled where others than its maker will run it, else what the command needs to start.
    """
    gc.disable()  # it would look through all that is compiled, and we end soon
    # Whatever the caller's umask: what others may write is not to be trusted.
    os.umask(os.umask(0o022) | 0o022 if job["umask"] is None else job["umask"])
    if job["wheels"]:
        sys.path[:0] = job["installer"]
        fill(job["path"], job["wheels"])
    else:
        make(job["path"])
    site = sysconfig.get_path("purelib", "posix_prefix", {"base": job["path"]})
    if job["compile"]:
        compile_sources(sources_below(site))
    elif job["wheels"]:
        compile_sources(needed_by(os.path.join(job["path"], "bin", job["command"]), site))


if __name__ == "__main__":
    main(json.loads(sys.stdin.read()))
    print("\n{}", flush=True)
    os._exit(0)  # nothing is open any more, and to take all of it apart takes time
''',
    "testnode_python/runners/pip_main.py": r'''
"""Run pip from a wheel or a folder, or get-pip.py (runs in the interpreter that pip is to work for)."""

import sys

# ``-c`` puts the current folder first; nothing there is ours.
if sys.path and sys.path[0] == "":
    del sys.path[0]

import json
import os
import runpy
import sysconfig


def has_distutils():
    """Say whether distutils is whole; looked for as a file, for setuptools complains once it was imported."""
    for folder in sys.path:
        package = os.path.join(folder, "distutils")
        if os.path.isfile(os.path.join(package, "__init__.py")):
            return os.path.isfile(os.path.join(package, "cmd.py"))
    return False


def lacks_distutils():
    """Say whether this Python ought to have distutils, but its distribution split it off."""
    return sys.version_info < (3, 12) and not has_distutils()


def main(job):
    """Do the job: ``place`` (what holds pip, or get-pip.py), ``arguments``, ``umask``."""
    # Whatever the caller's umask: what others may write is not to be trusted.
    os.umask(os.umask(0o022) | 0o022 if job["umask"] is None else job["umask"])
    if lacks_distutils():
        # pip's own switch: sysconfig instead of distutils for the install scheme.
        setattr(sysconfig, "_PIP_USE_SYSCONFIG", True)  # noqa: B010 - no type knows it
    if job["place"].endswith(".py"):
        sys.argv = [job["place"]] + job["arguments"]
        runpy.run_path(job["place"], run_name="__main__")
        return
    sys.path.insert(0, job["place"])
    sys.argv = ["pip"] + job["arguments"]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(json.loads(sys.stdin.read()))
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
    "testnode_python/runners/site_install.py": r'''
"""Install wheels into this interpreter's own site (runs in the interpreter that they are for).

The files are those that pip would put there, but by PyPA installer, run from its
own wheel, and compiled by two processes: to start pip takes most of a second, and
it compiles alone.  What this way is not made for it declines, and pip is run.
"""

import sys

# ``-c`` puts the current folder first; nothing there is ours.
if sys.path and sys.path[0] == "":
    del sys.path[0]

import csv
import gc
import importlib.util
import json
import os
import re
import shutil
import sysconfig
import warnings

# Those that pip names after the Python that it is installed for, whatever its wheel says.
_PIP_COMMAND = re.compile(r"pip([0-9]+(\.[0-9]+)?)?")
_PIP_COMMANDS = ["pip", "pip{}".format(*sys.version_info), "pip{}.{}".format(*sys.version_info)]
# So many numbers of sources fit into a pipe.
_MOST = 16384


class DeclinedError(Exception):
    """This way does not apply; pip does."""


def scheme(user):
    """Return where pip installs to in this interpreter: ``purelib`` and ``scripts``.

    :param bool user: for the user alone.
    :rtype: dict(str, str)
    :raises DeclinedError: where only pip itself can tell.
    """
    new_enough = sys.version_info >= (3, 10)
    # pip's own rule, and the switch by which a distribution overrides it.
    if bool(getattr(sysconfig, "_PIP_USE_SYSCONFIG", new_enough)) != new_enough:
        raise DeclinedError("pip is told where to install to")
    return scheme_by_sysconfig(user) if new_enough else scheme_by_distutils(user)


def scheme_by_sysconfig(user):
    """Return the same from Python 3.10 on."""
    # No type checker for Python 3.6 knows it.
    preferred = getattr(sysconfig, "get_preferred_scheme")  # noqa: B009
    paths = sysconfig.get_paths(preferred("user" if user else "prefix"))
    return {name: paths[name] for name in ("purelib", "scripts")}


def scheme_by_distutils(user):
    """Return the same before Python 3.10: what distutils would do, which distributions patch."""
    try:
        # setuptools puts a distutils of its own in front, which is not what pip asks.
        importlib.import_module("_distutils_hack").remove_shim()
    except (ImportError, AttributeError):
        pass
    distribution = importlib.import_module("distutils.dist").Distribution()
    distribution.parse_config_files()
    if distribution.get_option_dict("install"):
        raise DeclinedError("distutils is configured")
    command = distribution.get_command_obj("install", create=True)
    if user:
        command.user = 1
        command.prefix = ""
    command.finalize_options()
    return {"purelib": command.install_purelib, "scripts": command.install_scripts}


def leftovers(name, site):
    """Return the folders of metadata that killed installs of a distribution left in a site.

    :param str name: as in the name of its wheel.
    :param str site: the folder.
    :rtype: list(str)
    :raises DeclinedError: where the distribution is there, for pip to see to what becomes of it.
    """
    found = []
    for entry in os.listdir(site) if os.path.isdir(site) else []:
        stem, extension = os.path.splitext(entry)
        if stem.partition("-")[0].lower() != name.lower() or extension not in (".dist-info", ".egg-info"):
            continue
        path = os.path.join(site, entry)
        record = os.path.join(path, "RECORD")
        # What a full disk left empty says nothing.
        recorded = os.path.lexists(record) and os.lstat(record).st_size > 0
        if extension == ".egg-info" or recorded or os.path.lexists(os.path.join(path, "INSTALLER")):
            raise DeclinedError("there is {} in {}".format(entry, site))
        found.append(path)
    return found


def sources_of(wheels, site):
    """Return the Python sources that wheels put into a site, in their order.

    :param list wheels: their paths.
    :rtype: list(str)
    :raises DeclinedError: where a wheel has more than that.
    """
    import zipfile

    sources = []
    for wheel in wheels:
        if not wheel.endswith("-none-any.whl"):
            raise DeclinedError("{} is for one platform".format(os.path.basename(wheel)))
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        if any(".data" in name.partition("/")[0] for name in names):
            raise DeclinedError("{} has files for elsewhere".format(os.path.basename(wheel)))
        sources += [os.path.join(site, name) for name in names if name.endswith(".py")]
    if len(sources) > _MOST:
        raise DeclinedError("there are too many files")
    return sources


def compile_from(numbers, sources):
    """Write the bytecode of those sources whose numbers are read from a pipe, to its end."""
    import compileall

    for number in iter(lambda: os.read(numbers, 2), b""):
        # By force, as pip does: what a killed one left may look as if it were of now.
        compileall.compile_file(sources[int.from_bytes(number, "little")], force=True, quiet=2)


def beside(work):
    """Do some work in a process of its own, beside this one; return its id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except Exception as error:  # noqa: BLE001 - the parent would not see it
        sys.stderr.write("{}: {}\n".format(type(error).__name__, error))
        sys.stderr.flush()
    finally:
        os._exit(status)  # also where nobody can be told: what follows is the parent's


def unpack_and_compile(unpack, sources):
    """Unpack here while another process compiles what is there already; then compile together.

    :param unpack: callable of a function that is to be told of each file that is written.
    :param list sources: what is compiled of them.
    :raises SystemExit: where the other process failed; it has printed why.
    """
    turns = {path: number.to_bytes(2, "little") for number, path in enumerate(sources)}
    # A pipe is a queue that processes share: whoever reads a number compiles that source.
    numbers, feed = os.pipe()

    def compile_beside():
        os.close(feed)
        compile_from(numbers, sources)

    def written(path):
        if path in turns:
            os.write(feed, turns[path])

    other = beside(compile_beside)
    try:
        try:
            unpack(written)
        finally:
            os.close(feed)
        compile_from(numbers, sources)
    finally:
        os.close(numbers)
        failed = os.waitpid(other, 0)[1]
    if failed:
        raise SystemExit(1)


def unpacker(places, written):
    """Return a function that installs a wheel but for its end, and returns what is needed for that.

    :param dict places: as of ``scheme``.
    :param written: callable of each path that was written.
    """
    from installer import install
    from installer.destinations import SchemeDictionaryDestination
    from installer.sources import WheelFile

    class Destination(SchemeDictionaryDestination):
        """Overwrites, and leaves the end to us."""

        def write_to_fs(self, scheme, path, stream, *arguments, **options):
            target = os.path.normpath(os.path.join(places[scheme], path))
            if not target.startswith(os.path.join(places[scheme], "")):
                raise ValueError("{} leads out of {}".format(path, places[scheme]))
            # Never through a link, nor with the rights of what was there.
            if os.path.lexists(target):
                os.unlink(target)
            entry = super().write_to_fs(scheme, path, stream, *arguments, **options)
            self.rows[target] = "{}={}".format(entry.hash_.name, entry.hash_.value), entry.size
            written(target)
            return entry

        def write_script(self, name, module, attr, section):
            names = _PIP_COMMANDS if _PIP_COMMAND.fullmatch(name) else [name]
            return [super(Destination, self).write_script(own, module, attr, section) for own in names][-1]

        def finalize_installation(self, scheme, record_file_path, records):
            self.record = os.path.join(places[scheme], record_file_path)

    def unpack(wheel):
        destination = Destination(places, interpreter=sys.executable, script_kind="posix")
        destination.rows = {}
        with WheelFile.open(wheel) as source:
            # Whoever asks pip for something by name gets this mark.
            install(source=source, destination=destination, additional_metadata={"REQUESTED": b""})
        return destination.record, destination.rows

    return unpack


def finish(record, rows):
    """Write what says that a distribution is installed: whoever is killed before has installed nothing.

    :param str record: the path of its RECORD.
    :param dict rows: hash and size of each of its files, by path.
    """
    import base64
    import hashlib

    name = b"testnode-python\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(name).digest()).decode().rstrip("=")
    installer = os.path.join(os.path.dirname(record), "INSTALLER")
    rows = dict(rows)
    for path in [path for path in rows if path.endswith(".py")]:
        compiled = importlib.util.cache_from_source(path)
        if os.path.exists(compiled):
            rows[compiled] = "", ""
    rows.update({installer: ("sha256=" + digest, len(name)), record: ("", "")})
    site = os.path.dirname(os.path.dirname(record))
    lines = sorted((os.path.relpath(path, site), *map(str, row)) for path, row in rows.items())
    try:
        with open(record + ".part", "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lines)
        os.replace(record + ".part", record)
    except BaseException:
        os.unlink(record + ".part")
        raise
    with open(installer, "wb") as file:
        file.write(name)


def install_all(wheels, places):
    """Install wheels; arguments as of ``sources_of`` and ``scheme``."""
    finishes = []

    def unpack_all(written):
        unpack = unpacker(places, written)
        finishes.extend(unpack(wheel) for wheel in wheels)

    with warnings.catch_warnings():
        # What the sources are blamed for is of no interest to who installs them.
        warnings.simplefilter("ignore")
        unpack_and_compile(unpack_all, sources_of(wheels, places["purelib"]))
    for record, rows in finishes:
        finish(record, rows)


def main(job):
    """Do the job: ``wheels``, ``installer`` (its wheels), ``user`` (for them alone), ``umask``.

    :returns: ``declined``, the reason why nothing was done, or "".
    :rtype: dict
    """
    gc.disable()  # it would look through all that is compiled, and we end soon
    # Whatever the caller's umask: what others may write is not to be trusted.
    os.umask(os.umask(0o022) | 0o022 if job["umask"] is None else job["umask"])
    try:
        places = scheme(job["user"])
        names = [os.path.basename(wheel).partition("-")[0] for wheel in job["wheels"]]
        left = [path for name in names for path in leftovers(name, places["purelib"])]
        sources_of(job["wheels"], places["purelib"])
    except DeclinedError as reason:
        return {"declined": str(reason)}
    for path in left:
        # Of another version it would be taken for what is installed.
        shutil.rmtree(path, ignore_errors=True)
    sys.path[:0] = job["installer"]
    install_all(job["wheels"], places)
    return {"declined": ""}


if __name__ == "__main__":
    print("\n" + json.dumps(main(json.loads(sys.stdin.read()))), flush=True)
    os._exit(0)  # nothing is open any more, and to take all of it apart takes time
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
    "testnode_python/supplies.py": r'''
"""A node with all that it can be supplied from: its precache, its mirrors, a place for an environment."""

import os
import sys

from . import configuration, environments, precache
from .errors import PrecacheError
from .request import Node
from .tools import PIP


class SuppliedNode(Node):
    """What is known of the node, and of where tools can come from; arguments and errors as of ``Node``."""

    def __init__(self, request, environ):
        super().__init__(request, environ)
        self._precache = None
        self._settings = None

    @property
    def precache(self):
        """The precache (``precache.Precache``); raises PrecacheError where there is none."""
        if self._precache is None:
            try:
                self._precache = precache.open_precache(self.request.precache)
            except PrecacheError as error:
                self._precache = error
        if isinstance(self._precache, PrecacheError):
            raise self._precache
        return self._precache

    @property
    def declared(self):
        """The tool as the precache's toolset declares it, else as it is known here."""
        try:
            declared = self.precache.manifest.tools.get(self.tool.name, self.tool)
        except PrecacheError:
            declared = self.tool
        return declared._replace(command=self.request.command) if self.request.command else declared

    @property
    def place(self):
        """Where the tool's own environment is (``environments.Place``)."""
        return environments.place_for(self.own_path, self.home)

    def mirrors(self):
        """Return the mirrors to try (``configuration.mirrors``)."""
        if self._settings is None:
            self._settings = configuration.read(self.environ, self.interpreter.prefix)
        return configuration.mirrors(self.request.mirrors, self._settings)

    def secrets(self):
        """Return what must not be seen in any message, that of pip's configuration included."""
        secrets = super().secrets()
        if self._settings is not None:
            values = {name: each.value for name, each in self._settings.items()}
            secrets |= configuration.Mirror("", values).secrets
        return secrets

    def lock_for(self, name):
        """Return the precache's lock of a tool for the interpreter, or None.

        :rtype: Locked
        """
        if self.request.lock is not None and name == self.tool.name:
            return self.request.lock
        try:
            return self.precache.locked(name, self.platform)
        except PrecacheError:
            return None

    def lock_date(self):
        """Return the date of the precache's lock, or "" where the caller brought the lock."""
        return "" if self.request.lock is not None else self.precache.manifest.locked

    def _places_of_pip(self):
        for wheel in self._locked_pips():
            try:
                yield self.precache.checked(os.path.join("wheels", wheel.file), wheel.sha256)
            except PrecacheError:
                continue
        yield from super()._places_of_pip()

    def _locked_pips(self):
        """Return the precache's pip wheels, those for the Python that runs us first."""
        try:
            targets = list(self.precache.manifest.targets.values())
        except PrecacheError:
            return []
        targets.sort(key=lambda target: target.python != sys.version_info[:2])
        locks = [target.tools[PIP] for target in targets if PIP in target.tools]
        wheels = [wheel for lock in locks for wheel in lock.wheels]
        return sorted({wheel for wheel in wheels if wheel.name == PIP}, key=wheels.index)
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
    "testnode_python/wheels.py": r'''
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
''',
}
# fmt: on
# End of what tools/embed_library.py writes.

if __name__ == "__main__":
    main()
