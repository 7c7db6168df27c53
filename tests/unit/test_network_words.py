"""What a server says is no reason to tell what it was told."""

import http.server
import socketserver
import threading
import unittest

from testnode_python import network
from testnode_python.commands import Deadline
from testnode_python.configuration import Mirror
from testnode_python.errors import MirrorError

from tests.support.server import LOOPBACK

ACCOUNT = "alice:hunter22"
IN_THE_HEADER = "YWxpY2U6aHVudGVyMjI="


class _Repeating(http.server.BaseHTTPRequestHandler):
    """Answers with a status, named by the path, and the words that it was sent."""

    def do_GET(self):
        self.send_response(int(self.path[1:]), "refused for " + self.headers["Authorization"])
        self.end_headers()

    def log_message(self, *_):
        pass


class RepeatedCredentialsTest(unittest.TestCase):
    """A server that repeats the request's Authorization header."""

    def setUp(self):
        super().setUp()
        server = socketserver.TCPServer((LOOPBACK, 0), _Repeating)
        self.addCleanup(server.server_close)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.place = "{}:{}".format(LOOPBACK, server.server_address[1])

    def reason(self, status):
        url = "http://{}@{}/{}".format(ACCOUNT, self.place, status)
        with self.assertRaises(MirrorError) as caught:
            network.read(url, Mirror("", {"index-url": url}), Deadline(10), {})
        return str(caught.exception)

    def test_its_words_are_not_quoted(self):
        self.assertIn("{}/401 answers 401 Unauthorized".format(self.place), self.reason(401))

    def test_neither_form_of_the_password_is_seen(self):
        for status in (304, 400, 401, 599):
            with self.subTest(status):
                for secret in (ACCOUNT, IN_THE_HEADER):
                    self.assertNotIn(secret, self.reason(status))
