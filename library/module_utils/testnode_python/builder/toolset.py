"""The toolset: the tools and targets that are locked, as ``toolset.toml`` declares them."""

import sys
from typing import Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..errors import Error, UsageError
from ..manifest import Target
from ..precache import INSTALLER, PIP
from ..tools import COMMAND, NAME, Tool

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# A node can install nothing without these: they are in every precache.
INDISPENSABLE = (INSTALLER, PIP)

_TOOL_KEYS = {"requirements", "command", "check", "requires-python"}
_TARGET_KEYS = {"python", "machine", "glibc"}


class Toolset(NamedTuple):
    """The declared tools and targets, by name.

    ``targets`` have no locks yet (their ``tools`` are empty).  ``pythons`` says
    for some tools which Pythons they are for, where their requirements do not.
    """

    tools: dict[str, Tool]
    targets: dict[str, Target]
    pythons: dict[str, SpecifierSet]

    def narrowed(self, targets: list[str], tools: list[str]) -> "Toolset":
        """Return the toolset with only some targets and tools.

        :param targets: names of targets; none means all.
        :param tools: names of tools; none means all.
        :raises UsageError: where one is not declared.
        """
        return self._replace(
            tools=_only(self.tools, tools, "tool"), targets=_only(self.targets, targets, "target")
        )


def _only(declared: dict, names: list[str], kind: str) -> dict:
    unknown = sorted(set(names) - set(declared))
    if unknown:
        raise UsageError(f"the toolset has no {kind} {', '.join(unknown)}", f"it has {', '.join(declared)}")
    return {name: value for name, value in declared.items() if not names or name in names}


def load(path: str) -> Toolset:
    """Read a toolset.

    :param path: of the TOML file.
    :raises Error: where it cannot be read or declares what makes no sense, naming the key.
    """
    try:
        with open(path, "rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise Error(
            f"the toolset {path} cannot be read: {error.strerror}", "name one with --toolset"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Error(f"the toolset {path} is not TOML: {error}") from error
    try:
        return parse(data)
    except ValueError as error:
        raise Error(f"the toolset {path} makes no sense: {error}") from error


def parse(data: dict[str, Any]) -> Toolset:
    """Return the toolset that a file's content declares.

    :param data: the content, as read from TOML.
    :raises ValueError: where it makes no sense, naming the key.
    """
    _known_keys("the file", data, {"tools", "targets"})
    declared = _of_type("tools", data.get("tools"), dict)
    tools = {name: _tool(name, entry) for name, entry in declared.items()}
    for name in INDISPENSABLE:
        if name not in tools:
            raise ValueError(f"tools.{name} is missing, and a node can install nothing without it")
    targets: dict[str, Target] = {}
    for group in _of_type("targets", data.get("targets"), list):
        for target in _targets(_of_type("targets", group, dict)):
            if target.name in targets:
                raise ValueError(f"targets: {target.name} is declared twice")
            targets[target.name] = target
    if not targets:
        raise ValueError("targets: there is none")
    return Toolset(tools, targets, _pythons(declared))


def _tool(name: str, entry: Any) -> Tool:
    where = f"tools.{name}"
    _known_keys(where, _of_type(where, entry, dict), _TOOL_KEYS)
    if not NAME.match(name):
        raise ValueError(f"{where} is not the name of a tool")
    requirements = _strings(f"{where}.requirements", entry.get("requirements", [name]))
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise ValueError(f"{where}.requirements: {error}") from error
        if requirement.url:
            raise ValueError(f"{where}.requirements: {requirement.name} is named by URL, which no index has")
    command = _of_type(f"{where}.command", entry.get("command", name), str)
    if not COMMAND.match(command):
        raise ValueError(f"{where}.command: {command!r} is not the name of a command")
    return Tool(name, requirements, command, _strings(f"{where}.check", entry.get("check", ["--version"])))


def _pythons(declared: dict[str, Any]) -> dict[str, SpecifierSet]:
    pythons = {}
    for name, entry in declared.items():
        if "requires-python" in entry:
            where = f"tools.{name}.requires-python"
            try:
                pythons[name] = SpecifierSet(_of_type(where, entry["requires-python"], str))
            except InvalidSpecifier as error:
                raise ValueError(f"{where}: {error}") from error
    return pythons


def _targets(group: dict[str, Any]) -> list[Target]:
    _known_keys("targets", group, _TARGET_KEYS)
    glibc = _pair("targets.glibc", group.get("glibc"))
    return [
        Target(f"cp{major}{minor}-linux_{machine}", "cpython", (major, minor), machine, ("glibc", glibc), {})
        for major, minor in (
            _pair("targets.python", text) for text in _strings("targets.python", group.get("python"))
        )
        for machine in _machines(group)
    ]


def _machines(group: dict[str, Any]) -> list[str]:
    machines = _strings("targets.machine", group.get("machine"))
    for machine in machines:
        if not COMMAND.match(machine):
            raise ValueError(f"targets.machine: {machine!r} is not the name of a machine")
    return machines


def _known_keys(where: str, table: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"{where} has {', '.join(unknown)}, known are {', '.join(sorted(known))}")


def _of_type(where: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{where} is not a {kind.__name__}")
    return value


def _strings(where: str, value: Any) -> list[str]:
    if not _of_type(where, value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f"{where} is not a list of strings")
    return list(value)


def _pair(where: str, value: Any) -> tuple[int, int]:
    """Return the two numbers of a version such as 3.11."""
    try:
        major, minor = (int(number) for number in _of_type(where, value, str).split("."))
    except ValueError:
        raise ValueError(f"{where}: {value!r} is not a version of two numbers, in quotes") from None
    return major, minor
