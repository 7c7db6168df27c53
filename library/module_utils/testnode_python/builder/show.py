"""Showing a precache: what it has for which target, how old, how large."""

import os
from typing import Any, NamedTuple

from .. import contents, manifest
from ..words import as_table


class Shown(NamedTuple):
    """What there is to see of a precache.

    ``versions`` maps tool -> target -> version, or the reason why there is
    none in ``reasons``.  ``sizes`` are the bytes on disk of a target's wheels.
    """

    folder: str
    lock_digest: str
    locked: str
    get_pip: list[str]
    files: int
    bytes: int
    versions: dict[str, dict[str, str]]
    reasons: dict[str, dict[str, str]]
    sizes: dict[str, int]


def show(path: str) -> Shown:
    """Look at a precache.

    :param path: the folder with the manifest, a link to it, or the folder with the link.
    :raises PrecacheError: where there is none or it cannot be believed.
    """
    folder = contents.folder_of(path)
    content = contents.read(folder)
    names = [*contents.expected_files(content), manifest.FILE_NAME]
    on_disk = {name: _size(os.path.join(folder, name)) for name in names}
    tools = sorted(content.tools)
    targets = content.targets.values()

    def table(cell: Any) -> dict[str, dict[str, Any]]:
        return {
            tool: {target.name: cell(target.tools[tool]) for target in targets if tool in target.tools}
            for tool in tools
        }

    return Shown(
        folder,
        content.lock_digest,
        content.locked,
        sorted(content.get_pip, key=lambda series: [int(number) for number in series.split(".")]),
        len(names),
        sum(on_disk.values()),
        table(lambda locked: locked.version),
        table(lambda locked: locked.reason),
        {target.name: sum(on_disk[name] for name in _wheels(target)) for target in targets},
    )


def text_of(shown: Shown) -> str:
    """Return what ``precache show`` prints: targets down, tools across.

    :param shown: what there is to see.
    """
    targets = sorted(shown.sizes, key=_natural)
    rows = [
        [
            target,
            *(shown.versions[tool].get(target) or "-" for tool in shown.versions),
            megabytes(shown.sizes[target]),
        ]
        for target in targets
    ]
    facts = [
        f"folder   {shown.folder}",
        f"digest   {shown.lock_digest}",
        f"locked   {shown.locked or 'unknown'}",
        f"get-pip  {', '.join(shown.get_pip) or 'none'}",
        f"size     {shown.files} files, {megabytes(shown.bytes)}",
    ]
    return "\n".join([*facts, "", as_table(["target", *shown.versions, "wheels"], rows)])


def megabytes(size: int) -> str:
    """Return a number of bytes for people."""
    return f"{size / 1e6:.1f} MB"


def _wheels(target: manifest.Target) -> set[str]:
    """Return the files of a target; tools share some."""
    return {f"wheels/{wheel.file}" for locked in target.tools.values() for wheel in locked.wheels}


def _natural(target: str) -> tuple[int, str]:
    """Sort cp39 before cp310."""
    return len(target.partition("-")[0]), target


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0
