"""The network: the one place of the node side that opens connections."""

import base64
import http.client
import ipaddress
import netrc
import os
import ssl
import time
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit, urlunsplit

from .errors import MirrorError
from .redaction import redact

# A mirror that needs longer to answer one request does not help a job.
_ANSWER_SECONDS = 5
_TRIES = 3
_TRANSIENT = (500, 502, 503, 504)
_LARGEST = 64 * 1024 * 1024
_BLOCK = 64 * 1024


def read(url, mirror, deadline, environ):
    """Read what is at a URL, trying again where that may help.

    :param str url: the URL; its credentials, the mirror's or those in netrc are used.
    :param Mirror mirror: whose certificates, proxy and trusted hosts count.
    :param Deadline deadline: when to give up.
    :param dict environ: the caller's variables.
    :returns: the content, and the URL that it came from in the end.
    :rtype: tuple(bytes, str)
    :raises MirrorError: with the reason.
    """
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
            if size > _LARGEST:
                raise ValueError("it is larger than {} MB".format(_LARGEST // 1024 // 1024))
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
            shown,
            "{} is neither https nor a trusted host (use either, as pip demands)".format(shown),
        )
