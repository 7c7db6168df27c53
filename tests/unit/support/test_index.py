"""The index on loopback is a real one, and so are its faults."""

import hashlib
import http.client
import os
import shutil
import socket
import ssl
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from tests.support.index import Index
from tests.support.server import FAULTS, Server
from tests.support.wheels import make_tool


class _WithWheels(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.wheel = make_tool(self.folder, "Some.Tool", "1.0", requires_python=">=3.6,<4")
        make_tool(self.folder, "dependency", "2.0")
        with open(self.wheel, "rb") as wheel:
            self.content = wheel.read()

    def enter(self, index):
        index.__enter__()
        self.addCleanup(index.__exit__, None, None, None)
        return index

    def serve(self, **options):
        return self.enter(Index(self.folder, **options))


def fetch(url, timeout=5, context=None, proxy=None):
    """Return the body; no proxy of the environment comes in between."""
    handlers = [urllib.request.ProxyHandler({"http": proxy} if proxy else {})]
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    with urllib.request.build_opener(*handlers).open(url, timeout=timeout) as response:
        return response.read()


def status_of(url):
    """Return the status of an answer that is an error."""
    try:
        fetch(url)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    raise AssertionError("{} was answered".format(url))


class TestIndex(_WithWheels):
    def test_a_project_page_links_the_wheel_with_its_hash_and_python(self):
        index = self.serve()
        body = fetch(index.url + "some-tool/").decode()
        digest = hashlib.sha256(self.content).hexdigest()
        self.assertIn('href="/files/{}#sha256={}"'.format(os.path.basename(self.wheel), digest), body)
        self.assertIn('data-requires-python="&gt;=3.6,&lt;4"', body)

    def test_a_file_is_served_whole(self):
        index = self.serve()
        self.assertEqual(self.content, fetch(index.base_url + "/files/" + os.path.basename(self.wheel)))

    def test_the_root_lists_the_projects(self):
        body = fetch(self.serve().url).decode()
        self.assertIn('href="/simple/dependency/"', body)
        self.assertIn('href="/simple/some-tool/"', body)

    def test_other_spellings_are_redirected(self):
        index = self.serve()
        self.assertEqual(fetch(index.url + "some-tool/"), fetch(index.url + "Some.Tool"))
        self.assertEqual(["/simple/some-tool/", "/simple/Some.Tool", "/simple/some-tool/"], index.paths())

    def test_what_is_not_there_is_404(self):
        index = self.serve()
        for path in ("simple/other/", "files/other-1-py3-none-any.whl", "files/../test.py", "else"):
            self.assertEqual(404, status_of(index.base_url + "/" + path), path)

    def test_head_has_headers_and_no_body(self):
        index = self.serve()
        connection = http.client.HTTPConnection("127.0.0.1", index.port, timeout=5)
        self.addCleanup(connection.close)
        connection.request("HEAD", "/files/" + os.path.basename(self.wheel))
        response = connection.getresponse()
        self.assertEqual(str(len(self.content)), response.getheader("Content-Length"))
        self.assertEqual(b"", response.read())
        self.assertEqual("HEAD", index.requests[0].method)

    def test_credentials_are_asked_for_and_recorded(self):
        index = self.serve(user="anna", password="p@ss/word")
        self.assertEqual(401, status_of(index.url))
        manager = urllib.request.HTTPPasswordMgrWithPriorAuth()
        manager.add_password(None, index.url, "anna", "p@ss/word", is_authenticated=True)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(manager)
        )
        with opener.open(index.url, timeout=5) as response:
            self.assertIn(b"some-tool", response.read())
        self.assertEqual([False, True], [request.had_authorization for request in index.requests])
        self.assertEqual(
            "http://anna:p%40ss%2Fword@127.0.0.1:{}/simple/".format(index.port), index.authenticated_url
        )

    def test_it_answers_as_a_proxy_does(self):
        index = self.serve()
        body = fetch("http://index.invalid/simple/some-tool/", proxy=index.base_url)
        self.assertIn(b"sha256=", body)
        self.assertEqual(["http://index.invalid/simple/some-tool/"], index.paths())

    def test_its_certificate_is_trusted_by_those_who_are_given_it(self):
        index = self.serve(tls=True)
        context = ssl.create_default_context(cafile=index.certificate)
        self.assertIn(b"some-tool", fetch(index.url, context=context))

    def test_closing_leaves_no_thread_no_file_and_no_port(self):
        before = threading.active_count()
        with Index(self.folder, tls=True) as index:
            port, certificate = index.port, index.certificate
            # A client that says nothing must not hold the server up.
            silent = socket.create_connection(("127.0.0.1", port), timeout=5)
            self.addCleanup(silent.close)
        self.assertEqual(before, threading.active_count())
        self.assertFalse(os.path.exists(certificate))
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


class TestFaults(_WithWheels):
    def file_url(self, index):
        return index.base_url + "/files/" + os.path.basename(self.wheel)

    def test_an_unknown_fault_is_refused(self):
        with self.assertRaisesRegex(ValueError, "'tired' is no fault"):
            Server(fault="tired")

    def test_every_fault_starts_and_stops_at_once(self):
        start = time.monotonic()
        for fault in sorted(FAULTS):
            with Index(self.folder, fault=fault) as index:
                self.assertGreater(index.port, 0)
        self.assertLess(time.monotonic() - start, 5)

    def test_refused(self):
        with self.assertRaises(urllib.error.URLError) as raised:
            fetch(self.serve(fault="refused").url)
        self.assertIsInstance(raised.exception.reason, ConnectionRefusedError)

    def test_hang(self):
        with self.assertRaises((socket.timeout, urllib.error.URLError)):
            fetch(self.serve(fault="hang").url, timeout=0.2)

    def test_drip_gives_a_byte_at_a_time_and_ends_when_the_server_does(self):
        index = self.serve(fault="drip", pause=0.05)
        connection = socket.create_connection(("127.0.0.1", index.port), timeout=5)
        self.addCleanup(connection.close)
        connection.sendall(b"GET /simple/ HTTP/1.0\r\n\r\n")
        start = time.monotonic()
        received = b""
        while len(received) < 5:
            received += connection.recv(100)
        self.assertEqual(b"HTTP/", received[:5])
        self.assertGreater(time.monotonic() - start, 0.15)

    def test_statuses(self):
        for status in (404, 500, 503):
            index = self.serve(fault=str(status))
            self.assertEqual(status, status_of(index.url))
            self.assertEqual(status, status_of(self.file_url(index)))

    def test_flaky_is_well_after_its_first_requests(self):
        index = self.serve(fault="flaky", failures=2)
        self.assertEqual([503, 503], [status_of(index.url), status_of(index.url)])
        self.assertIn(b"some-tool", fetch(index.url))

    def test_truncated_files_end_early_and_pages_do_not(self):
        index = self.serve(fault="truncated")
        self.assertIn(b"sha256=", fetch(index.url + "some-tool/"))
        with self.assertRaises(http.client.IncompleteRead) as raised:
            fetch(self.file_url(index))
        self.assertEqual(self.content[: len(self.content) // 2], raised.exception.partial)

    def test_html_stands_for_everything(self):
        index = self.serve(fault="html")
        for url in (index.url + "some-tool/", self.file_url(index), index.url + "other/"):
            body = fetch(url)
            self.assertIn(b"<html>", body)
            self.assertNotIn(b"href", body)

    def test_redirects_never_end(self):
        index = self.serve(fault="redirect_loop")
        self.assertEqual(302, status_of(index.url))
        self.assertGreater(len(index.requests), 3)

    def test_bad_tls_is_not_trusted(self):
        with self.assertRaises(urllib.error.URLError) as raised:
            fetch(self.serve(fault="bad_tls").url)
        self.assertIsInstance(raised.exception.reason, ssl.SSLError)

    def test_an_altered_file_has_another_hash_and_the_same_length(self):
        content = fetch(self.file_url(self.serve(fault="altered")))
        self.assertEqual(len(self.content), len(content))
        self.assertNotEqual(self.content, content)

    def test_a_partial_index_lacks_a_project_or_a_file(self):
        index = self.serve(missing=["dependency", os.path.basename(self.wheel)])
        self.assertEqual(404, status_of(index.url + "dependency/"))
        self.assertIn(b"sha256=", fetch(index.url + "some-tool/"))
        self.assertEqual(404, status_of(self.file_url(index)))
