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
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

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
        if tag == "base" and values.get("href"):
            self.url = urljoin(self.url, values["href"])
        if tag != "a" or not values.get("href") or "data-yanked" in values:
            return
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
    for place in mirror.listed("find-links"):
        yield place if "://" in place else "file://" + os.path.abspath(os.path.expanduser(place))


def _belongs(file, project):
    return normalize(re.split(r"-\d", file, maxsplit=1)[0]) == normalize(project)


def _list(url, mirror, deadline, environ):
    parts = urlsplit(url)
    if parts.scheme == "file":
        return _list_folder(unquote(parts.path), url)
    page = _Page(url)
    data, final = _read(url, mirror, deadline, environ)
    page.url = final
    page.feed(data.decode("utf-8", "replace"))
    return page.links


def _read(url, mirror, deadline, environ):
    # urllib and ssl take longer to import than a tool that is there takes to find.
    from . import network

    return network.read(url, mirror, deadline, environ)


def _list_folder(path, url):
    if os.path.isfile(os.path.join(path, "index.html")):
        path = os.path.join(path, "index.html")
    try:
        if os.path.isdir(path):
            return [
                Link(name, "file://" + os.path.join(path, name), "", "") for name in sorted(os.listdir(path))
            ]
        page = _Page("file://" + path)
        with open(path, encoding="utf-8", errors="replace") as file:
            page.feed(file.read())
        return page.links
    except OSError as error:
        raise MirrorError(url, "{} cannot be read: {}".format(url, error.strerror)) from error


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
    parts = urlsplit(link.url)
    if parts.scheme == "file":
        with open(unquote(parts.path), "rb") as file:
            data = file.read()
    else:
        data, _ = _read(link.url, mirror, deadline, environ)
    if link.sha256 and hashlib.sha256(data).hexdigest() != link.sha256:
        raise MirrorError(
            link.url, "{} is not the file that was promised: its hash differs".format(redact(link.url))
        )
    path = os.path.join(folder, os.path.basename(link.file))
    with open(path, "wb") as file:
        file.write(data)
    return path
