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
