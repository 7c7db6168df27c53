"""Locking: exact versions and hashes of every tool for every target, by uv."""

import json
import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import uv
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from .. import files
from ..commands import Deadline, last_lines, run
from ..errors import Error
from ..manifest import Target
from ..redaction import redact, secrets_of
from ..tools import Tool, normalize
from .plans import UNLOCKED, lock_name, read_reasons
from .toolset import Toolset, tomllib

PYPI_FILES = "https://files.pythonhosted.org"

_SECONDS = 300
# What uv is told besides: where it keeps things, whom it trusts, how it gets out.
_KEPT = re.compile(
    r"(?i)^(PATH|HOME|TMPDIR|LANG|LC_.*|XDG_.*|NETRC|SSL_CERT_FILE|SSL_CERT_DIR|(HTTP|HTTPS|ALL|NO)_PROXY"
    r"|UV_CACHE_DIR|UV_NO_CACHE|UV_NATIVE_TLS|UV_SYSTEM_CERTS|UV_INSECURE_HOST|UV_HTTP_TIMEOUT|UV_HTTP_RETRIES)$"
)
# Where PyPI's file host and its plain mirrors keep a file: by its BLAKE2 hash.
_PYPI_PATH = re.compile(r"/packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/[^/]+$")


class Change(NamedTuple):
    """What locking changed for a tool on a target: versions, or "" where there was or is no lock."""

    tool: str
    target: str
    old: str
    new: str


class Solution(NamedTuple):
    """What uv found: a lock's text, or the reason why there is none."""

    text: str
    reason: str = ""


class Options(NamedTuple):
    """How to lock.

    ``environ`` are the caller's variables; ``index_url`` is "" for PyPI;
    ``exclude_newer`` a date (ISO 8601) after which no upload counts; ``workers``
    how many uv run at once.
    """

    environ: dict[str, str]
    index_url: str = ""
    exclude_newer: str = ""
    workers: int = 2 * (os.cpu_count() or 1)


def lock(
    toolset: Toolset,
    folder: str,
    *,
    targets: list[str],
    tools: list[str],
    options: Options,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Change]:
    """Lock the tools of a toolset for its targets.

    Nothing is written before everything is known, and only what differs.

    :param toolset: the declared tools and targets.
    :param folder: the folder of locks.
    :param targets: names of targets; none means all.
    :param tools: names of tools; none means all.
    :param options: how.
    :param progress: told how many of how many are done.
    :returns: what changed, by tool and target.
    :raises Error: where uv fails for another reason than that there is no solution.
    """
    chosen = toolset.narrowed(targets, tools)
    solutions = _solutions(chosen, options, progress)
    changes: list[Change] = []
    for target in chosen.targets.values():
        found = {tool: solution for (tool, name), solution in solutions.items() if name == target.name}
        changes += _record(chosen, target, os.path.join(folder, target.name), found)
    if not targets and not tools:
        changes += _remove_undeclared(chosen, folder)
    return sorted(changes)


def _solutions(
    chosen: Toolset, options: Options, progress: Callable[[int, int], None]
) -> dict[tuple[str, str], Solution]:
    # Once, before the threads: it is not made for several.
    program = uv.find_uv_bin()
    with ThreadPoolExecutor(options.workers) as pool:
        waiting = {
            pool.submit(_solve, program, tool, target, chosen.pythons.get(tool.name), options): (
                tool.name,
                target.name,
            )
            for tool in chosen.tools.values()
            for target in chosen.targets.values()
        }
        solutions = {}
        try:
            for done, future in enumerate(as_completed(waiting), 1):
                solutions[waiting[future]] = future.result()
                progress(done, len(waiting))
        finally:
            pool.shutdown(cancel_futures=True)
    return solutions


def _solve(
    program: str, tool: Tool, target: Target, pythons: SpecifierSet | None, options: Options
) -> Solution:
    """Return the lock of one tool for one target, or why there is none."""
    if pythons is not None and not pythons.contains(Version("{}.{}".format(*target.python))):
        return Solution("", f"{tool.name} is for Python {pythons}")
    argv = uv_command(program, target, options.exclude_newer)
    environ = uv_environment(options.environ, options.index_url)
    result = run(argv, Deadline(_SECONDS), environ, stdin="\n".join(tool.requirements) + "\n")
    if result.returncode == 0:
        return Solution(with_pypi_urls(result.stdout))
    said = redact(result.stderr, secrets_of(options.index_url))
    reason = no_solution(said)
    if not reason:
        raise Error(
            f"uv could not lock {tool.name} for {target.name}: {last_lines(said)}",
            "nothing was written; see that the index can be reached and lock again",
        )
    return Solution("", reason)


def uv_command(program: str, target: Target, exclude_newer: str = "") -> list[str]:
    """Return the command line that locks what it reads from stdin.

    There is no output file, so that no old version is preferred (``--upgrade`` would
    only throw away the cache, and with it minutes).

    :param program: uv's path.
    :param target: what to lock for.
    :param exclude_newer: a date, or "".
    """
    libc = "manylinux_{}_{}".format(*target.libc[1])
    argv = [
        program,
        "pip",
        "compile",
        "-",
        "--quiet",
        "--no-config",
        "--no-header",
        "--format",
        "pylock.toml",
    ]
    # Without a Python of the target's version uv would go and download one.
    argv += ["--python", sys.executable, "--no-python-downloads"]
    argv += [
        "--python-version",
        "{}.{}".format(*target.python),
        "--python-platform",
        f"{target.machine}-{libc}",
    ]
    argv += ["--only-binary", ":all:"]
    return argv + (["--exclude-newer", exclude_newer] if exclude_newer else [])


def uv_environment(environ: dict[str, str], index: str = "") -> dict[str, str]:
    """Return the variables that uv sees: caches, certificates, proxies, and the index.

    :param environ: the caller's.
    :param index: the index's URL; as a variable, since it may hold a password.
    """
    kept = {name: value for name, value in environ.items() if _KEPT.match(name)}
    return dict(kept, UV_DEFAULT_INDEX=index) if index else kept


def no_solution(said: str) -> str:
    """Return why there is no solution, on one line, or "" where uv failed for another reason.

    A name that the index does not know is no such reason: it is mistyped, or the
    index is the wrong one, and all locks would go.

    :param said: uv's stderr.
    """
    if "No solution found" not in said or "not found in the package registry" in said:
        return ""
    text = said.partition("cause:")[2].partition("\nhint:")[0]
    return " ".join(text.split()) or "uv found no solution"


def with_pypi_urls(text: str) -> str:
    """Return a lock with the URLs of PyPI's file host, whatever index it came from.

    Plain mirrors keep PyPI's paths; for others it is the path by which PyPI's
    host redirects to the file (https://docs.pypi.org/api/, "predictable URLs"). A
    file that PyPI has not comes from a configured index when the precache is
    built. Hashes stay as they are.

    :param text: the lock.
    """
    for package in tomllib.loads(text)["packages"]:
        for wheel in package.get("wheels", []):
            url = wheel.get("url") or wheel["path"]
            key = "url" if "url" in wheel else "path"
            text = text.replace(
                f"{key} = {json.dumps(url)}", f"url = {json.dumps(pypi_url(url, package['name']))}"
            )
    return re.sub(r'(?m)^index = ".*"\n', "", text)


def pypi_url(url: str, project: str) -> str:
    """Return where PyPI's file host has a wheel.

    :param url: where an index has it.
    :param project: its normalized name.
    """
    path = urlsplit(url).path
    plain = _PYPI_PATH.search(path)
    if plain:
        return PYPI_FILES + plain.group()
    file = path.rpartition("/")[2]
    python = file.split("-")[-3]
    return f"{PYPI_FILES}/packages/{python}/{project[0]}/{project}/{file}"


def _record(chosen: Toolset, target: Target, folder: str, found: dict[str, Solution]) -> list[Change]:
    """Write what changed for a target."""
    files.make_folder(folder)
    reasons_path = os.path.join(folder, UNLOCKED)
    before = read_reasons(reasons_path)
    reasons = dict(before)
    changes = []
    for name, solution in found.items():
        path = Path(folder, lock_name(name))
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if solution.text:
            reasons.pop(name, None)
            if content_of(old) != content_of(solution.text):
                files.write(str(path), [solution.text.encode()])
        else:
            reasons[name] = solution.reason
            path.unlink(missing_ok=True)
        versions = [_version(text, chosen.tools[name]) for text in (old, solution.text)]
        if content_of(old) != content_of(solution.text):
            same = versions[0] == versions[1]
            changes.append(
                Change(name, target.name, versions[0], versions[1] + (" (dependencies)" if same else ""))
            )
        elif not solution.text and name not in before:
            changes.append(Change(name, target.name, "", ""))
    _write_reasons(reasons_path, before, reasons)
    return changes


def _write_reasons(path: str, before: dict[str, str], reasons: dict[str, str]) -> None:
    if reasons == before:
        return
    if not reasons:
        os.unlink(path)
        return
    lines = [f"{tool} = {json.dumps(reasons[tool], ensure_ascii=False)}\n" for tool in sorted(reasons)]
    files.write(
        path,
        [b"# Tools without a lock for this target, and why.\n", *(line.encode() for line in lines)],
    )


def content_of(text: str) -> Any:
    """Return what of a lock decides what is installed: two locks are the same if this is.

    Left out is what differs from index to index: URLs, sizes, upload times.

    :param text: a lock, or "" for none.
    """
    data = tomllib.loads(text)
    return [
        (
            package["name"],
            package.get("version"),
            package.get("marker"),
            sorted(sorted(wheel["hashes"].items()) for wheel in package.get("wheels", [])),
        )
        for package in data.get("packages", [])
    ]


def _version(text: str, tool: Tool) -> str:
    for package in tomllib.loads(text).get("packages", []):
        if normalize(package["name"]) == tool.distribution:
            return package["version"]
    return ""


def _remove_undeclared(toolset: Toolset, folder: str) -> list[Change]:
    """Remove the locks of what the toolset no longer declares."""
    changes = []
    for path in sorted(Path(folder).glob("*/pylock.*.toml")):
        target, tool = path.parent.name, path.name[len("pylock.") : -len(".toml")]
        if target not in toolset.targets or tool not in toolset.tools:
            version = _version(
                path.read_text(encoding="utf-8"), toolset.tools.get(tool) or Tool(tool, [tool], tool, [])
            )
            path.unlink()
            changes.append(Change(tool, target, version, ""))
    for path in sorted(Path(folder).glob(f"*/{UNLOCKED}")):
        before = read_reasons(str(path))
        declared = toolset.tools if path.parent.name in toolset.targets else {}
        _write_reasons(str(path), before, {tool: why for tool, why in before.items() if tool in declared})
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    return changes
