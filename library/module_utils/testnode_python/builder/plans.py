"""The plan of a precache: what a build on these locks holds, before anything is fetched."""

import hashlib
import os
from datetime import datetime, timezone
from typing import NamedTuple

from .. import manifest
from ..errors import Error
from ..manifest import Locked, Manifest, Target
from ..tools import Tool
from . import pylocks
from .pylocks import Source
from .toolset import Toolset, tomllib

UNLOCKED = "unlocked.toml"


class Plan(NamedTuple):
    """What a precache is to hold.

    ``manifest`` is complete but for get-pip.  ``sources`` are the wheels by file
    name, ``locks`` the files to copy by their path below the precache.
    """

    manifest: Manifest
    sources: dict[str, Source]
    locks: dict[str, bytes]


def lock_name(tool: str) -> str:
    """Return the name of a tool's lock file (PEP 751)."""
    return f"pylock.{tool}.toml"


def plan(toolset: Toolset, locks: str, get_pip: str = "") -> Plan:
    """Read the locks of a toolset.

    :param toolset: the tools and targets of the precache.
    :param locks: the folder of locks.
    :param get_pip: where get-pip.py comes from, "" for none.
    :raises Error: where a lock is missing, is none, or two disagree about a file.
    """
    sources: dict[str, Source] = {}
    copies: dict[str, bytes] = {}
    targets = {}
    for target in toolset.targets.values():
        reasons = read_reasons(os.path.join(locks, target.name, UNLOCKED))
        tools = {}
        for tool in toolset.tools.values():
            path = os.path.join(locks, target.name, lock_name(tool.name))
            content = _read(path)
            if content is None:
                if tool.name not in reasons:
                    raise Error(f"{path} is missing", "lock it with 'testnode-python precache lock'")
                tools[tool.name] = Locked("", [], reasons[tool.name])
                continue
            lock = pylocks.parse(content, target, path)
            tools[tool.name] = _locked(lock, tool, path)
            copies[f"locks/{target.name}/{lock_name(tool.name)}"] = content
            for source in lock.sources:
                known = sources.setdefault(source.wheel.file, source)
                if known.wheel.sha256 != source.wheel.sha256:
                    raise Error(
                        f"{path} has another hash of {source.wheel.file} than other locks", "lock all again"
                    )
        targets[target.name] = target._replace(tools=tools)
    return Plan(_manifest(toolset.tools, targets, _newest(sources), get_pip), sources, copies)


def _locked(lock: pylocks.Lock, tool: Tool, path: str) -> Locked:
    version = lock.version_of(tool.distribution)
    if not version:
        raise Error(f"{path} does not lock {tool.distribution}", "lock it again")
    return Locked(version, [source.wheel for source in lock.sources], "", lock.sha256)


def _manifest(tools: dict[str, Tool], targets: dict[str, Target], locked: str, get_pip: str) -> Manifest:
    draft = Manifest("0" * 64, locked, tools, targets, {})
    made = draft._replace(lock_digest=lock_digest(draft, get_pip))
    # Names from locks become paths: they must pass what the node lets pass.
    return manifest.loads(manifest.dumps(made), "the plan")


def lock_digest(draft: Manifest, get_pip: str) -> str:
    """Return the name of a precache's folder.

    It is the SHA-256 of all that decides what the folder holds: the manifest
    (tools, targets, wheels, hashes of the lock files; get-pip and the digest
    itself left out) and the place of get-pip.py.  Not the content of get-pip.py,
    which is not locked.

    :param draft: the manifest.
    :param get_pip: where get-pip.py comes from, "" for none.
    """
    neutral = draft._replace(lock_digest="", get_pip={})
    return hashlib.sha256((manifest.dumps(neutral) + get_pip).encode()).hexdigest()


def _newest(sources: dict[str, Source]) -> str:
    """Return the date of the locks: when the newest of their wheels was uploaded.

    It is as stable as the locks are, which a date of locking would not be; "" where
    the index told no times.
    """
    times: list[datetime] = []
    for source in sources.values():
        if source.uploaded:
            aware = source.uploaded.tzinfo is not None
            times.append(source.uploaded if aware else source.uploaded.replace(tzinfo=timezone.utc))
    return max(times).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if times else ""


def read_reasons(path: str) -> dict[str, str]:
    """Return why tools have no lock, as ``precache lock`` recorded it for a target.

    :param path: of the target's ``unlocked.toml``; where there is none, all have one.
    :raises Error: where it is not TOML.
    """
    content = _read(path)
    try:
        return {str(tool): str(reason) for tool, reason in tomllib.loads((content or b"").decode()).items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Error(f"{path} is not TOML: {error}", "lock again") from error


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Error(f"{path} cannot be read: {error.strerror}") from error
