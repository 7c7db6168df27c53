"""Reading locks: which wheel of a PEP 751 file a target gets.

https://packaging.python.org/en/latest/specifications/pylock-toml/
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from packaging.markers import Environment
from packaging.pylock import PackageWheel, Pylock, PylockSelectError, PylockValidationError
from packaging.tags import Tag, compatible_tags, cpython_tags

from ..errors import Error
from ..manifest import Target, Wheel
from .toolset import tomllib

# Old names of glibc floors (PEP 513, 571, 599); the two oldest only on x86.
_LEGACY_MANYLINUX = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_LEGACY_MACHINES = {"manylinux2010": {"x86_64", "i686"}, "manylinux1": {"x86_64", "i686"}}


class Source(NamedTuple):
    """A locked wheel, where its lock says that it lies, and since when (or None)."""

    wheel: Wheel
    url: str
    uploaded: datetime | None


class Lock(NamedTuple):
    """What a lock file means for one target, and the hash of the file itself."""

    sources: list[Source]
    sha256: str

    def version_of(self, distribution: str) -> str:
        """Return the version that is locked of a distribution, by its normalized name; "" where it is not."""
        return next(
            (source.wheel.version for source in self.sources if source.wheel.name == distribution), ""
        )


def parse(content: bytes, target: Target, path: str) -> Lock:
    """Return what a lock means for a target: exactly one wheel of each package.

    :param content: the lock's content.
    :param target: what it is chosen for, at the floor of its Python and libc.
    :param path: of the lock, for messages.
    :raises Error: where it is no lock, or holds what is no wheel for the target.
    """
    cure = "lock again with 'testnode-python precache lock'"
    try:
        pylock = Pylock.from_dict(tomllib.loads(content.decode()))
        chosen = list(pylock.select(environment=environment_of(target), tags=tags_of(target)))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, PylockValidationError) as error:
        raise Error(f"{path} is not a lock: {error}", cure) from error
    except PylockSelectError as error:
        raise Error(f"{path} does not fit {target.name}: {error}", cure) from error
    sources = []
    for package, artifact in chosen:
        if not isinstance(artifact, PackageWheel) or not artifact.url or package.version is None:
            raise Error(f"{path} locks {package.name} as something else than a wheel with a URL", cure)
        if "sha256" not in artifact.hashes:
            raise Error(f"{path} has no SHA-256 of {artifact.filename}", cure)
        wheel = Wheel(
            str(package.name),
            str(package.version),
            artifact.filename,
            artifact.hashes["sha256"],
            artifact.size or 0,
        )
        sources.append(Source(wheel, artifact.url, artifact.upload_time))
    sources.sort(key=lambda source: source.wheel.file)
    return Lock(sources, hashlib.sha256(content).hexdigest())


def environment_of(target: Target) -> Environment:
    """Return the marker variables of a target, at the first release of its Python (PEP 508).

    The first, as uv does: what is right for it is right, or at worst too much,
    for the releases that follow.
    """
    python = "{}.{}".format(*target.python)
    return {
        "implementation_name": target.implementation,
        "implementation_version": python + ".0",
        "os_name": "posix",
        "platform_machine": target.machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": python + ".0",
        "python_version": python,
        "sys_platform": "linux",
    }


def tags_of(target: Target) -> list[Tag]:
    """Return the wheel tags that a target takes, best first (PEP 425, 600)."""
    interpreter = "cp{}{}".format(*target.python)
    # Until 3.7 the ABI's name says that the allocator is pymalloc.
    abi = interpreter + ("m" if target.python < (3, 8) else "")
    platforms = list(_platforms(target))
    return [
        *cpython_tags(target.python, [abi], platforms),
        *compatible_tags(target.python, interpreter, platforms),
    ]


def _platforms(target: Target) -> Iterator[str]:
    major, newest = target.libc[1]
    for minor in range(newest, 4, -1):
        yield f"manylinux_{major}_{minor}_{target.machine}"
        legacy = _LEGACY_MANYLINUX.get((major, minor))
        if legacy and target.machine in _LEGACY_MACHINES.get(legacy, {target.machine}):
            yield f"{legacy}_{target.machine}"
    yield f"linux_{target.machine}"
