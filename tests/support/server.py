"""An HTTP server on loopback that behaves well or, on request, as badly as real ones do."""

import base64
import http.server
import io
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from typing import NamedTuple
from urllib.parse import quote, urlsplit

LOOPBACK = "127.0.0.1"

FAULTS = frozenset(
    [
        "refused",  # a port where nothing listens
        "hang",  # accepts and never answers
        "drip",  # one byte at a time
        "trickle",  # headers at once, then one byte at a time
        "404",  # for everything
        "500",
        "503",
        "flaky",  # 503 for the first requests, then well
        "truncated",  # files end before their Content-Length
        "html",  # a page without links, 200, for everything
        "redirect_loop",
        "bad_tls",  # a certificate that nobody trusts
        "altered",  # files with one byte changed
    ]
)


class Request(NamedTuple):
    """What a client asked: ``path`` as sent, absolute where it took us for its proxy."""

    method: str
    path: str
    had_authorization: bool
    proxy_authorization: str = ""


class Answer(NamedTuple):
    """What is sent back; ``is_file`` marks what faults of files touch."""

    status: int
    body: bytes
    headers: dict
    is_file: bool


def page(text, status=200):
    """Return an HTML page as an answer."""
    return Answer(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"}, False)


def file(content):
    """Return a file as an answer."""
    return Answer(200, content, {"Content-Type": "application/octet-stream"}, True)


def redirect(location, status=301):
    """Return a redirect as an answer."""
    return Answer(status, b"", {"Location": location}, False)


class Server:
    """A context manager: serves what :meth:`answer` says while it is entered.

    It also answers as an HTTP forward proxy does, with its own content whatever
    the host asked for.

    :param str fault: one of ``FAULTS``, or None.
    :param str user: where given, Basic authorization is asked for.
    :param str password: for that user.
    :param bool tls: serve https with a certificate of its own; ``certificate``
        is the file with which a client trusts it.
    :param int failures: how many requests ``flaky`` refuses.
    :param float pause: seconds between two bytes of ``drip`` and ``trickle``.
    :param socket.socket listener: bound already, and perhaps in another network's loopback.
    :raises unittest.SkipTest: where TLS is asked for and ``openssl`` is not there.
    """

    def __init__(
        self, *, fault=None, user=None, password="", tls=False, failures=2, pause=1.0, listener=None
    ):
        if fault is not None and fault not in FAULTS:
            raise ValueError("{!r} is no fault: {}".format(fault, ", ".join(sorted(FAULTS))))
        self.fault = fault
        self.failures = failures
        self.pause = pause
        self.listener = listener
        self.requests = []
        self.certificate = None
        self.closing = threading.Event()
        self._tls = tls or fault == "bad_tls"
        self._user = user
        self._password = password
        self._authorization = None
        if user is not None:
            credentials = "{}:{}".format(user, password).encode()
            self._authorization = "Basic " + base64.b64encode(credentials).decode()
        self._folder = None
        self._server = None
        self._thread = None

    def answer(self, path):
        """Return the :class:`Answer` to a path; subclasses say what there is."""
        return page("nothing here", 404)

    @property
    def base_url(self):
        """The server's root, without credentials and without the last slash."""
        return "{}://{}:{}".format("https" if self._tls else "http", LOOPBACK, self.port)

    def with_credentials(self, url):
        """Return a URL of this server with its user and password in it."""
        scheme, rest = url.split("://", 1)
        return "{}://{}:{}@{}".format(scheme, quote(self._user, ""), quote(self._password, ""), rest)

    @property
    def port(self):
        """The port of this entry; taken, even where nothing listens."""
        return self._server.server_address[1]

    def paths(self, method="GET"):
        """Return the paths asked for by this method, in order."""
        return [request.path for request in self.requests if request.method == method]

    def __enter__(self):
        self._folder = tempfile.mkdtemp(prefix="testnode-server-")
        try:
            self._start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        return self

    def _start(self):
        context = None
        if self._tls:
            self.certificate, key = make_certificate(self._folder)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, key)
        self.closing.clear()
        self._server = _Server(self, context, listen=self.fault != "refused")
        if self.fault != "refused":
            self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
            self._thread.start()

    def __exit__(self, *exc_info):
        self.closing.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        shutil.rmtree(self._folder)

    def respond(self, method, path, authorization):
        """Return the answer to one request, its authorization and fault minded."""
        if self._authorization is not None and authorization != self._authorization:
            answer = page("who are you?", 401)
            answer.headers["WWW-Authenticate"] = 'Basic realm="tests"'
            return answer
        if self.fault in ("404", "500", "503"):
            return page("fault", int(self.fault))
        if self.fault == "flaky" and len(self.requests) <= self.failures:
            return page("try again", 503)
        if self.fault == "html":
            return page("<!DOCTYPE html><html><body><p>Please log in.</p></body></html>")
        local = urlsplit(path).path
        if self.fault == "redirect_loop":
            return redirect(local, 302)
        answer = self.answer(local)
        if self.fault == "altered" and answer.is_file:
            return answer._replace(body=_altered(answer.body))
        return answer


class Site(Server):
    """A server of fixed files.

    :param dict files: path -> bytes.
    :param options: as of :class:`Server`.
    """

    def __init__(self, files, **options):
        super().__init__(**options)
        self.files = dict(files)

    def answer(self, path):
        """Return the file at that path, or 404."""
        return file(self.files[path]) if path in self.files else super().answer(path)


def make_certificate(folder):
    """Make a self-signed certificate for the loopback address and ``localhost``.

    :param str folder: where its two files go.
    :returns: paths of the certificate and its key.
    :raises unittest.SkipTest: where ``openssl`` is not there.
    """
    if shutil.which("openssl") is None:
        raise unittest.SkipTest("no openssl command to make a certificate with")
    certificate, key = os.path.join(folder, "certificate.pem"), os.path.join(folder, "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-days", "30", "-subj", "/CN=" + LOOPBACK]
        + ["-addext", "subjectAltName=IP:{},DNS:localhost".format(LOOPBACK)]
        + ["-keyout", key, "-out", certificate],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    return certificate, key


def _altered(body):
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Keeps its connections and threads, so that closing ends and joins every one."""

    def __init__(self, owner, context, listen):
        self.owner = owner
        self.connections = []
        self.threads = []
        super().__init__((LOOPBACK, 0), _Handler, bind_and_activate=False)
        try:
            if owner.listener is None:
                self.server_bind()
            else:
                self.socket.close()
                self.socket = owner.listener
                self.server_address = self.socket.getsockname()
            if context is not None:
                # The handshake belongs to the connection's thread, not to the accepting one.
                self.socket = context.wrap_socket(
                    self.socket, server_side=True, do_handshake_on_connect=False
                )
            if listen:
                self.server_activate()
        except BaseException:
            self.server_close()
            raise

    def process_request(self, request, client_address):
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address))
        self.connections.append(request)
        self.threads.append(thread)
        thread.start()

    def handle_error(self, request, client_address):
        """Show bugs only: clients that hang up or distrust us are what the tests are about."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def server_close(self):
        super().server_close()
        for connection in self.connections:
            try:
                # The plain socket's: TLS would want to talk to a client that may be gone.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself
        for thread in self.threads:
            thread.join()


class _Drip(io.RawIOBase):
    """Writes byte by byte, with a pause after each, until the server closes."""

    def __init__(self, stream, owner):
        super().__init__()
        self._stream = stream
        self._owner = owner

    def writable(self):
        return True

    def write(self, content):
        for byte in bytes(content):
            if not self._owner.closing.is_set():
                self._stream.write(bytes([byte]))
                self._owner.closing.wait(self._owner.pause)
        return len(content)

    def close(self):
        self._stream.close()
        super().close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def setup(self):
        super().setup()
        if self.server.owner.fault == "drip":
            self.wfile = _Drip(self.wfile, self.server.owner)

    def do_GET(self):
        owner = self.server.owner
        authorization = self.headers.get("Authorization")
        to_proxy = self.headers.get("Proxy-Authorization", "")
        owner.requests.append(Request(self.command, self.path, authorization is not None, to_proxy))
        if owner.fault == "hang":
            owner.closing.wait()
            return
        answer = owner.respond(self.command, self.path, authorization)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if owner.fault == "trickle":
            self.wfile = _Drip(self.wfile, owner)
        cut = owner.fault == "truncated" and answer.is_file
        self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)

    do_HEAD = do_GET

    def log_message(self, format, *args):
        """Say nothing: what was asked is in ``requests``."""
