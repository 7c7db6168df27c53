"""The network: the one place of the node side that opens connections."""

import http.client
import ipaddress
import netrc
import os
import queue
import ssl
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit, urlunsplit

from .errors import MirrorError
from .redaction import encoded, redact

# A mirror that needs longer to answer one request does not help a job.
ANSWER_SECONDS = 5
_TRIES = 3
# Before the second try; twice as long before the next.
PAUSE_SECONDS = 0.4
_TRANSIENT = (500, 502, 503, 504)
LARGEST = 64 * 1024 * 1024
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
            # Of redirects urllib says what is wrong.  A server's own words may repeat what we sent.
            words = str(error.reason).partition("\n")[0] if 300 <= error.code < 400 else ""
            words = redact(words, mirror.secrets) or http.client.responses.get(error.code, "")
            reason = "{} answers {} {}".format(shown, error.code, words).rstrip()
            transient = error.code in _TRANSIENT
        except http.client.IncompleteRead as error:
            reason, transient = "{} broke off after {} bytes".format(shown, len(error.partial)), True
        except (http.client.InvalidURL, UnicodeError):
            # Its words may hold what stands where a port should be.
            reason, transient = "{} (or its proxy) has an address that is none".format(shown), False
        except (http.client.HTTPException, OSError, ValueError) as error:
            cause = getattr(error, "reason", error)
            reason = "{} cannot be read: {}".format(shown, _words(cause))
            transient = isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError)
        if not transient or attempt == _TRIES or not deadline.left():
            break
        time.sleep(min(PAUSE_SECONDS * attempt, deadline.left()))
    raise MirrorError(shown, reason)


def _words(cause):
    if isinstance(cause, OSError) and "timed out" in str(cause):
        return "timed out"  # by the socket, TLS or us, each in its own words
    return redact(getattr(cause, "strerror", None) or str(cause))


def _read_once(url, mirror, deadline, environ):
    address, headers = _without_credentials(url, mirror, environ)
    request = urllib.request.Request(address, headers={"Accept": "text/html, */*;q=0.1"})
    for name, value in headers.items():
        # A redirect to another host must not carry them along.
        request.add_unredirected_header(name, value)
    _through_proxy(request, mirror, environ)
    blocks, size = [], 0
    seconds = max(min(ANSWER_SECONDS, deadline.left()), 0.1)
    with _opened(_opener(mirror, environ, address), request, seconds) as answer:
        while True:
            block = answer.read1(_BLOCK)
            if not block:
                break
            size += len(block)
            blocks.append(block)
            if size > LARGEST:
                raise ValueError("it is larger than {} MB".format(LARGEST // 1024 // 1024))
            if not deadline.left():
                raise ValueError("timed out after {} bytes".format(size))
        if answer.length:  # read1 does not tell when the server stops early
            raise http.client.IncompleteRead(b"".join(blocks), answer.length)
        return b"".join(blocks), answer.geturl()


def _opened(opener, request, seconds):
    """Open, in a thread that is left behind where that lasts.

    Name servers, and headers that come byte by byte, do not mind a socket's time-out.
    """
    answers = queue.Queue()
    abandoned = threading.Event()

    def work():
        try:
            answers.put((opener.open(request, timeout=seconds), None))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            answers.put((None, error))
        if abandoned.is_set():
            close_late()

    def close_late():
        try:
            answer, error = answers.get_nowait()
        except queue.Empty:
            return
        for late in (answer, error):
            if hasattr(late, "close"):
                late.close()

    threading.Thread(target=work, daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        abandoned.set()
        close_late()
        raise TimeoutError("timed out") from None
    if error is not None:
        raise error
    return answer


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Keeps credentials on the same host, where an index redirects to add a slash."""

    def __init__(self, mirror, environ):
        self.mirror = mirror
        self.environ = environ

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        try:
            _ = urlsplit(newurl).port
        except ValueError as error:  # most often what stands there is no port but a password
            raise MirrorError(
                "", "{} redirects to an address that is none".format(redact(req.full_url))
            ) from error
        shown = redact(newurl, self.mirror.secrets)
        _refuse_insecure(newurl, shown, self.mirror)
        if urlsplit(newurl).username is not None:
            raise MirrorError(shown, "{} names an account in a redirect".format(redact(req.full_url)))
        if _is_trusted_host(req.full_url, self.mirror) and not _is_trusted_host(newurl, self.mirror):
            # The context that does not verify certificates would be used there, too.
            raise MirrorError(shown, "{} leads from a trusted host to another".format(redact(req.full_url)))
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None:
            if urlsplit(newurl)[:2] == urlsplit(req.full_url)[:2]:
                for name, value in req.unredirected_hdrs.items():
                    new.add_unredirected_header(name, value)
            _through_proxy(new, self.mirror, self.environ)
        return new


def _opener(mirror, environ, url):
    handlers = [
        urllib.request.HTTPSHandler(context=_context(mirror, url)),
        urllib.request.ProxyHandler({}),  # not those of this process: see _through_proxy
        _Redirects(mirror, environ),
    ]
    return urllib.request.build_opener(*handlers)


def _context(mirror, url):
    context = ssl.create_default_context()
    bundle = mirror.settings.get("cert")
    certificate = mirror.settings.get("client-cert")
    try:
        if bundle:
            context.load_verify_locations(**{"capath" if os.path.isdir(bundle) else "cafile": bundle})
        if certificate:
            context.load_cert_chain(certificate)
    except OSError as error:  # ssl.SSLError is one
        raise MirrorError(
            mirror.name,
            "the certificates in {} cannot be used: {}".format(
                " and ".join(filter(None, (bundle, certificate))), _words(error)
            ),
        ) from error
    if _is_trusted_host(url, mirror):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _through_proxy(request, mirror, environ):
    """Send a request through the proxy that is meant for it."""
    proxy = _proxy_for(urlsplit(request.full_url), mirror, environ)
    if proxy:
        parts = urlsplit(proxy if "://" in proxy else "//" + proxy)
        if parts.username is not None:
            request.add_unredirected_header("Proxy-Authorization", _basic(parts.username, parts.password))
        request.set_proxy(_host(parts), "http")


def _proxy_for(parts, mirror, environ):
    """Choose a proxy as pip does: the configured one for all, else that of the caller's variables."""
    if mirror.settings.get("proxy"):
        return mirror.settings["proxy"]
    # Upper case sorts first: a name in lower case wins, as everywhere.
    named = {name.lower(): value for name, value in sorted(environ.items())}
    bypassed = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]  # as old as ProxyHandler
    if bypassed(_host(parts), {"no": named.get("no_proxy", "")}):
        return ""
    return named.get(parts.scheme + "_proxy") or named.get("all_proxy", "")


def _basic(user, password):
    return "Basic " + encoded(user, password)


def _without_credentials(url, mirror, environ):
    """Split a URL into what is asked for and the headers that carry who asks."""
    parts = urlsplit(url)
    user, password = parts.username, parts.password
    if user is None:
        # Files lie beside the pages, under the same account.
        for place in mirror.indexes + mirror.listed("find-links"):
            other = urlsplit(place)
            if other.username is not None and (other.scheme, _host(other)) == (parts.scheme, _host(parts)):
                user, password = other.username, other.password
                break
        else:
            user, password = _from_netrc(parts.hostname, environ)
    address = urlunsplit(parts._replace(netloc=_host(parts)))
    if user is None:
        return address, {}
    return address, {"Authorization": _basic(user, password)}


def _host(parts):
    return parts.netloc.rpartition("@")[2]


def _from_netrc(host, environ):
    path = environ.get("NETRC") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".netrc")
    try:
        found = netrc.netrc(path).authenticators(host or "")
    except (OSError, ValueError, netrc.NetrcParseError):
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
