"""Fetching files: the one place of the image side that uses the network.

From the place that the lock names, by ``requests``; where that cannot be
reached, from the configured indexes, read as the node side reads them.
"""

import hashlib
import os
import tempfile
import threading
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import InsecureRequestWarning
from urllib3.util import Retry

from .. import files, indexes
from ..commands import Deadline
from ..configuration import Mirror
from ..errors import Error, MirrorError
from ..manifest import Wheel
from ..redaction import redact
from .pylocks import Source

WORKERS = 8

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 30
_INDEX_SECONDS = 300
# The adapter tries again what does not answer; this is for answers that break off.
_TRIES = 3
_TRANSIENT = (429, 500, 502, 503, 504)
_BLOCK = 256 * 1024


class NotThereError(Error):
    """The server answers that it has no such file (404, 410)."""


class _UnreachableError(Error):
    """A file that cannot be had from where it was looked for."""


class Downloads:
    """A session with the places that files come from; a context manager, used by many threads.

    :param list mirrors: where to look when the locks' own places fail; their
        certificates and proxy serve for these too.
    :param dict environ: the caller's variables.
    :param float patience: seconds before a third try, doubled for each after that.
    """

    def __init__(self, mirrors: list[Mirror], environ: dict[str, str], patience: float = 0.6):
        self.requests = 0
        self._counting = threading.Lock()
        self._mirrors = mirrors
        self._environ = environ
        self._dead: dict[str, str] = {}
        self._settings = mirrors[0].settings if mirrors else {}
        self._trusted = set(mirrors[0].listed("trusted-host")) if mirrors else set()
        self._session = _session(patience)

    def __enter__(self) -> "Downloads":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._session.close()

    def wheel(self, source: Source, path: str) -> None:
        """Fetch a locked wheel; it gets its name when hash and size are right.

        :param source: the wheel and its URL.
        :param path: where it goes.
        :raises Error: where no place has it, with the reason of each, or where a
            place has another file under its name.
        """
        try:
            self._from_url(source, path)
        except _UnreachableError as error:
            reasons = [error.cause]
            for mirror in self._mirrors:
                try:
                    return self._from_mirror(source.wheel, mirror, path)
                except MirrorError as failure:
                    reasons.append(redact(failure.cause, mirror.secrets))
            raise Error(
                f"{source.wheel.file} cannot be fetched: {'; '.join(reasons)}",
                "name an index that has it with --index",
            ) from error

    def content(self, url: str) -> bytes:
        """Fetch a small file whose hash nobody knows yet.

        :param url: https, or http to this machine or by the caller's will.
        :raises NotThereError: where the server has none.
        :raises Error: where it cannot be fetched.
        """
        return b"".join(self._blocks(url))

    def _from_url(self, source: Source, path: str) -> None:
        host = urlsplit(source.url).netloc
        if host in self._dead:
            raise _UnreachableError(self._dead[host])
        for attempt in range(1, _TRIES + 1):
            try:
                return files.write(path, checked(self._blocks(source.url), source.wheel, redact(source.url)))
            except NotThereError as error:
                raise _UnreachableError(error.cause) from error
            except _UnreachableError:
                if host in self._dead or attempt == _TRIES:
                    raise

    def _blocks(self, url: str) -> Iterator[bytes]:
        """Yield what lies at a URL; all that goes wrong on the way comes out as our errors."""
        shown = redact(url)
        self._count()
        try:
            with self._session.get(url, **self._transport(url)) as answer:
                if answer.status_code in (404, 410):
                    raise NotThereError(f"{shown} is not there ({answer.status_code})")
                if not answer.ok:
                    raise _UnreachableError(f"{shown} answers {answer.status_code}")
                yield from answer.iter_content(_BLOCK)
        except requests.exceptions.ChunkedEncodingError as error:
            raise _UnreachableError(f"{shown} broke off") from error
        except requests.RequestException as error:
            reason = f"{shown} cannot be reached: {_words(error)}"
            if isinstance(error, requests.ConnectionError):
                # Others of the host need not wait for the same.
                self._dead[urlsplit(url).netloc] = reason
            raise _UnreachableError(reason) from error

    def _transport(self, url: str) -> dict[str, Any]:
        """Return how to ask: by request, since a session's own rank below the environment's."""
        parts = urlsplit(url)
        trusted = bool(self._trusted & {parts.hostname, parts.netloc.rpartition("@")[2]})
        if trusted:
            warnings.simplefilter("ignore", InsecureRequestWarning)
        proxy = self._settings.get("proxy")
        return {
            "stream": True,
            "timeout": (_CONNECT_SECONDS, _ANSWER_SECONDS),
            "verify": not trusted and (os.path.expanduser(self._settings.get("cert", "")) or True),
            "cert": os.path.expanduser(self._settings.get("client-cert", "")) or None,
            "proxies": {"http": proxy, "https": proxy} if proxy else {},
        }

    def _count(self) -> None:
        with self._counting:
            self.requests += 1

    def _from_mirror(self, wheel: Wheel, mirror: Mirror, path: str) -> None:
        deadline = Deadline(_INDEX_SECONDS)
        self._count()
        links = indexes.links(mirror, wheel.name, deadline, self._environ)
        link = next((link for link in links if link.file == wheel.file), None)
        if link is None:
            raise MirrorError(mirror.name, f"{mirror.name} has no {wheel.file}")
        with tempfile.TemporaryDirectory() as folder:
            # The lock's hash rules, not the one that the index may give.
            self._count()
            fetched = indexes.download(link._replace(sha256=""), folder, mirror, deadline, self._environ)
            with open(fetched, "rb") as file:
                files.write(path, checked(iter(lambda: file.read(_BLOCK), b""), wheel, redact(link.url)))


def checked(blocks: Iterator[bytes], wheel: Wheel, place: str) -> Iterator[bytes]:
    """Pass a wheel's content on, and at its end say whether it was the right one.

    :param blocks: the content.
    :param wheel: what it is to be; a size of 0 is not known.
    :param place: where it comes from, for messages.
    :raises Error: after the last block, where hash or size differ.
    """
    digest = hashlib.sha256()
    size = 0
    for block in blocks:
        digest.update(block)
        size += len(block)
        yield block
    if digest.hexdigest() != wheel.sha256:
        raise Error(
            f"{wheel.file} from {place} is not what was locked: expected SHA-256 {wheel.sha256}, "
            f"found {digest.hexdigest()} ({size} bytes)",
            "do not use that place until you know why; nothing of it was kept",
        )
    if wheel.size and size != wheel.size:
        raise Error(f"{wheel.file} has {size} bytes, its lock says {wheel.size}", "lock it again")


def _session(patience: float) -> requests.Session:
    session = requests.Session()
    retry = Retry(
        total=3,
        backoff_factor=patience / 2,
        status_forcelist=_TRANSIENT,
        raise_on_status=False,
        # A server may not tell us to wait for an hour.
        respect_retry_after_header=False,
    )
    adapter = HTTPAdapter(pool_maxsize=WORKERS, max_retries=retry)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _words(error: requests.RequestException) -> str:
    """Return the innermost reason, which is the one that says something."""
    inner: object = error
    while args := getattr(inner, "args", ()):
        reason = getattr(args[0], "reason", None) or next(
            (arg for arg in reversed(args) if arg is not inner), None
        )
        if isinstance(reason, BaseException):
            inner = reason
        else:
            break
    return redact(str(inner))
