"""Building a precache: what its plan says, fetched, checked, and made current at one stroke."""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import NamedTuple

from .. import contents, files, manifest
from ..errors import Error, PrecacheError
from ..manifest import GetPip
from ..precache import CURRENT
from ..redaction import redact
from .downloads import WORKERS, Downloads, NotThereError
from .plans import Plan, plan
from .toolset import INDISPENSABLE, Toolset

GET_PIP_PLACE = "https://bootstrap.pypa.io"


class Built(NamedTuple):
    """A precache and what building it took.

    ``folder`` is its path.  Of its ``files`` so many were ``fetched`` or taken
    over from the precache before (``linked``); ``changed`` is whether anything was written.
    """

    folder: str
    files: int
    bytes: int
    fetched: int
    linked: int
    requests: int
    changed: bool


def build(
    toolset: Toolset,
    locks: str,
    output: str,
    *,
    targets: list[str],
    tools: list[str],
    get_pip: str,
    downloads: Downloads,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Built:
    """Build the precache of these locks, or mend it, or find that it is there.

    :param toolset: the declared tools and targets.
    :param locks: the folder of locks.
    :param output: the folder that holds precaches and the link ``current``.
    :param targets: names of targets; none means all.
    :param tools: names of tools; none means all.  What the node installs with is always in.
    :param get_pip: the place of get-pip.py, "" to build without.
    :param downloads: where files come from.
    :param progress: told how many wheels of how many are there.
    :raises Error: where a lock, a file or the disk fails; the old precache stays
        current, and a build after that goes on where this one stopped.
    """
    chosen = toolset.narrowed(targets, [*tools, *INDISPENSABLE] if tools else [])
    planned = plan(chosen, locks, get_pip)
    with files.locked(output):
        folder = os.path.join(output, planned.manifest.lock_digest)
        return _Build(planned, output, folder, downloads).run(get_pip, progress)


class _Build:
    """One run; counts what it does."""

    def __init__(self, planned: Plan, output: str, folder: str, downloads: Downloads):
        self.plan = planned
        self.output = output
        self.folder = folder
        self.downloads = downloads
        self.fetched = 0
        self.linked = 0
        self.changed = False

    def run(self, get_pip: str, progress: Callable[[int, int], None]) -> Built:
        """Do it in this order: get-pip.py, wheels, locks, manifest, link."""
        before = self.downloads.requests
        files.make_folder(os.path.join(self.folder, "wheels"))
        files.sweep(self.folder)
        made = self.plan.manifest
        if get_pip:  # first: it has a host of its own, and the wheels would be for nothing
            made = made._replace(get_pip=self._get_pip(get_pip))
        self._wheels(progress)
        for relative, content in self.plan.locks.items():
            self._write(relative, content)
        self._write(manifest.FILE_NAME, manifest.dumps(made).encode())
        self.changed |= files.point(os.path.join(self.output, CURRENT), made.lock_digest)
        expected = [*contents.expected_files(made), manifest.FILE_NAME]
        return Built(
            self.folder,
            len(expected),
            sum(os.path.getsize(os.path.join(self.folder, file)) for file in expected),
            self.fetched,
            self.linked,
            self.downloads.requests - before,
            self.changed,
        )

    def _write(self, relative: str, content: bytes) -> None:
        path = os.path.join(self.folder, relative)
        files.make_folder(os.path.dirname(path))
        self.changed |= files.write_if_other(path, content)

    def _wheels(self, progress: Callable[[int, int], None]) -> None:
        """Bring all wheels, several at once; the first failure ends it, what is there stays."""
        total = len(self.plan.sources)
        with ThreadPoolExecutor(WORKERS) as pool:
            waiting = [pool.submit(self._wheel, file) for file in self.plan.sources]
            try:
                for done, future in enumerate(as_completed(waiting), 1):
                    how = future.result()
                    self.fetched += how == "fetched"
                    self.linked += how == "linked"
                    progress(done, total)
            finally:
                pool.shutdown(cancel_futures=True)
        self.changed |= bool(self.fetched or self.linked)

    def _wheel(self, file: str) -> str:
        source = self.plan.sources[file]
        path = os.path.join(self.folder, "wheels", file)
        if files.sha256_of(path) == source.wheel.sha256:
            files.mend_mode(path)
            return "there"
        before = os.path.join(self.output, CURRENT, "wheels", file)
        if not _same(before, path) and files.sha256_of(before) == source.wheel.sha256:
            files.take_over(before, path)
            return "linked"
        self.downloads.wheel(source, path)
        return "fetched"

    def _get_pip(self, place: str) -> dict[str, GetPip]:
        """Return get-pip.py for each Python: as it is there, else fetched."""
        pythons = sorted({target.python for target in self.plan.manifest.targets.values()})
        known = self._known_get_pip()
        found = {}
        newest: GetPip | None = None
        for python in pythons:
            series = "{}.{}".format(*python)
            if series in known:
                found[series] = known[series]
                continue
            own = self._fetch_get_pip(f"{place}/pip/{series}/get-pip.py", f"get-pip/{series}/get-pip.py")
            if own is None:
                newest = newest or self._fetch_get_pip(f"{place}/get-pip.py", "get-pip/get-pip.py")
            file = own or newest
            if file is None:
                raise _no_get_pip(f"{redact(place)} has no get-pip.py")
            found[series] = file
        # Fetched again it may be another one: those that share it share its hash.
        return {
            series: newest if newest and file.file == newest.file else file for series, file in found.items()
        }

    def _known_get_pip(self) -> dict[str, GetPip]:
        """Return those of an earlier build of this folder that are still as it left them."""
        try:
            known = contents.read(self.folder).get_pip
        except PrecacheError:
            return {}
        return {
            series: file
            for series, file in known.items()
            if files.sha256_of(os.path.join(self.folder, file.file)) == file.sha256
        }

    def _fetch_get_pip(self, url: str, relative: str) -> GetPip | None:
        try:
            content = self.downloads.content(url)
        except NotThereError:
            return None
        except Error as error:
            raise _no_get_pip(error.cause) from error
        if b"import" not in content:
            raise _no_get_pip(f"{redact(url)} gives something else than a Python program")
        self.fetched += 1
        self._write(relative, content)
        return GetPip(relative, hashlib.sha256(content).hexdigest())


def _no_get_pip(cause: str) -> Error:
    return Error(cause, "name another place with --get-pip-url, or build without it by --no-get-pip")


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
