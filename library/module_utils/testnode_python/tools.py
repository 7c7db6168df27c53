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
