"""Reading package indexes: the one place of the node side that uses the network.

pip does the downloading of tools.  This is for what comes before pip: to learn
quickly and exactly what is wrong with a mirror, and to fetch pip itself.
https://packaging.python.org/en/latest/specifications/simple-repository-api/
"""

import base64
import hashlib
import http.client
import ipaddress
import netrc
import os
import re
import ssl
import time
import urllib.error
import urllib.request
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit

from .errors import MirrorError
from .redaction import redact
from .tools import normalize

# A mirror that needs longer to answer one request does not help a job.
_ANSWER_SECONDS = 5
_TRIES = 3
_TRANSIENT = (500, 502, 503, 504)
_LARGEST_PAGE = 64 * 1024 * 1024
_BLOCK = 64 * 1024


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


def _list_folder(path, url):
    if os.path.isfile(os.path.join(path, "index.html")):
        path = os.path.join(path, "index.html")
    try:
        if os.path.isdir(path):
            return [Link(name, "file://" + os.path.join(path, name), "", "") for name in sorted(os.listdir(path))]
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
        raise MirrorError(link.url, "{} is not the file that was promised: its hash differs".format(redact(link.url)))
    path = os.path.join(folder, os.path.basename(link.file))
    with open(path, "wb") as file:
        file.write(data)
    return path


def _read(url, mirror, deadline, environ):
    """Return the content at a URL and the URL that it came from in the end."""
    shown = redact(url, mirror.secrets)
    _refuse_insecure(url, shown, mirror)
    for attempt in range(1, _TRIES + 1):
        try:
            return _read_once(url, mirror, deadline, environ)
        except urllib.error.HTTPError as error:
            error.close()
            reason = "{} answers {} {}".format(shown, error.code, str(error.reason).splitlines()[0])
            transient = error.code in _TRANSIENT
        except http.client.IncompleteRead as error:
            reason, transient = "{} broke off after {} bytes".format(shown, len(error.partial)), True
        except (http.client.HTTPException, OSError, ValueError) as error:
            cause = getattr(error, "reason", error)
            reason = "{} cannot be read: {}".format(shown, _words(cause))
            transient = isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError)
        if not transient or attempt == _TRIES or not deadline.left():
            break
        time.sleep(min(0.2 * 2**attempt, deadline.left()))
    raise MirrorError(shown, reason)


def _words(cause):
    if isinstance(cause, TimeoutError) or "timed out" in str(cause):
        return "timed out"
    return redact(getattr(cause, "strerror", None) or str(cause))


def _read_once(url, mirror, deadline, environ):
    address, headers = _without_credentials(url, mirror, environ)
    request = urllib.request.Request(address, headers={"Accept": "text/html, */*;q=0.1"})
    for name, value in headers.items():
        # A redirect to another host must not carry them along.
        request.add_unredirected_header(name, value)
    blocks, size = [], 0
    timeout = max(min(_ANSWER_SECONDS, deadline.left()), 0.1)
    with _opener(mirror, address).open(request, timeout=timeout) as answer:
        while True:
            block = answer.read1(_BLOCK)
            if not block:
                break
            size += len(block)
            blocks.append(block)
            if size > _LARGEST_PAGE:
                raise ValueError("it is larger than {} MB".format(_LARGEST_PAGE // 1024 // 1024))
            if not deadline.left():
                raise ValueError("timed out after {} bytes".format(size))
        if answer.length:  # read1 does not tell when the server stops early
            raise http.client.IncompleteRead(b"".join(blocks), answer.length)
        return b"".join(blocks), answer.geturl()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Keeps credentials on the same host, where an index redirects to add a slash."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and urlsplit(newurl)[:2] == urlsplit(req.full_url)[:2]:
            for name, value in req.unredirected_hdrs.items():
                new.add_unredirected_header(name, value)
        return new


def _opener(mirror, url):
    context = ssl.create_default_context()
    bundle = mirror.settings.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle and os.path.exists(bundle):
        context.load_verify_locations(**{"capath" if os.path.isdir(bundle) else "cafile": bundle})
    if mirror.settings.get("client-cert"):
        context.load_cert_chain(mirror.settings["client-cert"])
    if _is_trusted_host(url, mirror):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    handlers = [urllib.request.HTTPSHandler(context=context), _Redirects()]
    proxy = mirror.settings.get("proxy")
    if proxy:
        handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    return urllib.request.build_opener(*handlers)


def _without_credentials(url, mirror, environ):
    """Split a URL into what is asked for and the headers that carry who asks."""
    parts = urlsplit(url)
    user, password = parts.username, parts.password
    if user is None:
        for index in mirror.indexes:  # files lie beside the pages, under the same account
            other = urlsplit(index)
            if other.username is not None and (other.scheme, _host(other)) == (parts.scheme, _host(parts)):
                user, password = other.username, other.password
                break
        else:
            user, password = _from_netrc(parts.hostname, environ)
    address = urlunsplit(parts._replace(netloc=_host(parts)))
    if user is None:
        return address, {}
    pair = "{}:{}".format(unquote(user), unquote(password or ""))
    return address, {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _host(parts):
    return parts.netloc.rpartition("@")[2]


def _from_netrc(host, environ):
    path = environ.get("NETRC") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".netrc")
    try:
        found = netrc.netrc(path).authenticators(host or "")
    except (OSError, netrc.NetrcParseError):
        found = None
    return (found[0], found[2]) if found else (None, None)


def _is_trusted_host(url, mirror):
    parts = urlsplit(url)
    return bool({parts.hostname, _host(parts)} & set(mirror.listed("trusted-host")))


def _refuse_insecure(url, shown, mirror):
    """Hold to pip's rule: no plain HTTP but to this machine and to trusted hosts."""
    parts = urlsplit(url)
    if parts.scheme == "https" or _is_trusted_host(url, mirror):
        return
    try:
        local = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        local = parts.hostname == "localhost"
    if not local:
        raise MirrorError(
            shown, "{} is neither https nor a trusted host; use https, or trusted-host in pip's configuration".format(shown)
        )
