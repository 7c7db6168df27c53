"""Fetching wheels from servers that behave and from servers that do not."""

import hashlib
import os
import warnings

from testnode_python.builder import downloads
from testnode_python.builder.downloads import Downloads
from testnode_python.builder.pylocks import Source
from testnode_python.configuration import mirrors
from testnode_python.errors import Error
from testnode_python.manifest import Wheel

from tests.support.index import Index
from tests.support.server import Site
from tests.support.wheels import make_wheel

from .cases import BuilderTest

SECRET = "hunter22"


class DownloadsTest(BuilderTest):
    """A wheel of some size, and where it goes."""

    def setUp(self):
        super().setUp()
        path = make_wheel(self.wheels, "big", "1.0", {"big.py": "x" * 100000})
        self.name = os.path.basename(path)
        self.target = os.path.join(self.folder, self.name)

    def source(self, base_url, **changes):
        """Return the wheel as locked, with a URL of a server."""
        content = self.content(self.name)
        wheel = Wheel("big", "1.0", self.name, hashlib.sha256(content).hexdigest(), len(content))
        return Source(wheel._replace(**changes), f"{base_url}/{self.name}", None)

    def fetch(self, source, *indexes, settings=None):
        """Fetch it; return how many requests that took."""
        places = mirrors(list(indexes), settings or {}) if indexes else []
        with Downloads(places, self.environ, patience=0) as session:
            session.wheel(source, self.target)
        return session.requests

    def assert_fetched(self):
        with open(self.target, "rb") as file:
            self.assertEqual(self.content(self.name), file.read())
        self.assertEqual(0o644, os.stat(self.target).st_mode & 0o777)

    def assert_fails(self, source, *indexes):
        """Return the sentence with which it fails; nothing is left behind."""
        before = sorted(os.listdir(self.folder))
        with self.assertRaises(Error) as caught:
            self.fetch(source, *indexes)
        self.assertEqual(before, sorted(os.listdir(self.folder)))
        return str(caught.exception)

    def test_a_good_server_is_asked_once(self):
        with self.site() as server:
            self.assertEqual(1, self.fetch(self.source(server.base_url)))
            self.assertEqual(["/" + self.name], server.paths())
        self.assert_fetched()

    def test_a_wheel_with_a_changed_byte_is_named_with_both_hashes(self):
        with self.site(fault="altered") as server:
            source = self.source(server.base_url)
            words = self.assert_fails(source)
            self.assertEqual(1, len(server.requests))
        self.assertIn(self.name, words)
        self.assertIn(f"expected SHA-256 {source.wheel.sha256}, found ", words)
        found = words.partition("found ")[2][:64]
        self.assertRegex(found, "^[0-9a-f]{64}$")
        self.assertNotEqual(source.wheel.sha256, found)

    def test_a_wrong_hash_is_not_covered_up_by_an_index(self):
        with self.site(fault="altered") as server, Index(self.wheels) as index:
            self.assertIn("not what was locked", self.assert_fails(self.source(server.base_url), index.url))
            self.assertEqual([], index.requests)

    def test_a_wrong_size_is_named(self):
        with self.site() as server:
            words = self.assert_fails(self.source(server.base_url, size=7))
        self.assertIn(f"{self.name} has {len(self.content(self.name))} bytes, its lock says 7", words)

    def test_a_size_that_the_lock_does_not_know_is_not_checked(self):
        with self.site() as server:
            self.fetch(self.source(server.base_url, size=0))
        self.assert_fetched()

    def test_a_server_that_fails_for_a_moment_is_asked_again(self):
        with self.site(fault="flaky") as server:
            self.fetch(self.source(server.base_url))
            self.assertEqual(3, len(server.requests))
        self.assert_fetched()

    def test_an_answer_that_breaks_off_is_fetched_again_then_given_up(self):
        with self.site(fault="truncated") as server:
            words = self.assert_fails(self.source(server.base_url))
            self.assertEqual(3, len(server.requests))
        self.assertIn("broke off", words)

    def test_every_way_to_fail_is_said_with_its_place(self):
        for fault, reason in (
            ("404", "is not there (404)"),
            ("500", "answers 500"),
            ("refused", "Connection refused"),
            ("redirect_loop", "redirects"),
            ("bad_tls", "CERTIFICATE_VERIFY_FAILED"),
        ):
            with self.subTest(fault), self.site(fault=fault) as server:
                words = self.assert_fails(self.source(server.base_url))
                self.assertIn(self.name, words)
                self.assertIn(reason, words)
                self.assertIn("--index", words)

    def test_a_page_in_place_of_a_file_is_no_wheel(self):
        with self.site(fault="html") as server:
            self.assertIn("not what was locked", self.assert_fails(self.source(server.base_url)))

    def test_an_index_serves_what_the_locks_place_does_not(self):
        for fault in ("404", "500", "refused", "truncated"):
            with self.subTest(fault), self.site(fault=fault) as server, Index(self.wheels) as index:
                self.fetch(self.source(server.base_url), index.url)
                self.assertEqual(["/simple/big/", "/files/" + self.name], index.paths())
                self.assert_fetched()
                os.unlink(self.target)

    def test_the_next_index_is_asked_where_one_does_not_have_it(self):
        with self.site(fault="404") as server, Index(self.wheels, missing=["big"]) as partial:
            with Index(self.wheels) as index:
                self.fetch(self.source(server.base_url), partial.url, index.url)
        self.assert_fetched()

    def test_an_index_that_has_another_file_under_the_name_is_refused(self):
        with self.site(fault="404") as server, Index(self.wheels, fault="altered") as index:
            self.assertIn("not what was locked", self.assert_fails(self.source(server.base_url), index.url))

    def test_an_index_with_other_files_of_the_project_is_named(self):
        with self.site(fault="404") as server, Index(self.wheels) as index:
            source = self.source(server.base_url, file="big-2.0-py3-none-any.whl")
            self.assertIn("has no big-2.0-py3-none-any.whl", self.assert_fails(source, index.url))

    def test_a_dead_host_is_waited_for_once(self):
        with self.site(fault="refused") as server, Index(self.wheels) as index:
            with Downloads(mirrors([index.url], {}), self.environ, patience=0) as session:
                session.wheel(self.source(server.base_url), self.target)
                before = session.requests
                session.wheel(self.source(server.base_url), self.target)
                self.assertEqual(2, session.requests - before)

    def test_a_password_serves_and_is_never_said(self):
        with self.site(fault="404") as server, Index(self.wheels, user="me", password=SECRET) as index:
            self.fetch(self.source(server.base_url), index.authenticated_url)
            self.assert_fetched()
            os.unlink(self.target)
            wrong = index.authenticated_url.replace(SECRET, SECRET + "x")
            words = self.assert_fails(self.source(server.base_url), wrong)
        self.assertIn("401", words)
        self.assertNotIn(SECRET, words)

    def test_a_password_in_the_locks_url_is_never_said(self):
        with self.site(user="me", password=SECRET, fault="altered") as server:
            source = self.source(server.with_credentials(server.base_url))
            self.assertNotIn(SECRET, self.assert_fails(source))
        words = self.assert_fails(source)
        self.assertIn("refused", words)
        self.assertNotIn(SECRET, words)

    def from_configured(self, base_url, **settings):
        """Fetch with settings of pip's configuration, for another index than the server."""
        place = mirrors(["http://127.0.0.1:9/simple"], {})[0]
        place = place._replace(settings=dict(place.settings, **settings))
        with Downloads([place], self.environ, patience=0) as session:
            session.wheel(self.source(base_url), self.target)

    def test_the_certificate_of_pips_configuration_serves(self):
        with self.site(tls=True) as server:
            self.from_configured(server.base_url, cert=server.certificate)
        self.assert_fetched()

    def test_a_host_that_pips_configuration_trusts_needs_none(self):
        with self.site(tls=True) as server:
            with self.assertRaises(Error):
                self.from_configured(server.base_url, **{"trusted-host": "pypi.invalid"})
            with warnings.catch_warnings():
                self.from_configured(server.base_url, **{"trusted-host": "127.0.0.1"})
        self.assert_fetched()

    def test_the_proxy_of_pips_configuration_serves(self):
        with self.site() as proxy:
            self.from_configured("http://files.invalid", proxy=proxy.base_url)
            self.assertEqual(["http://files.invalid/" + self.name], proxy.paths())
        self.assert_fetched()

    def test_a_small_file_is_returned_or_known_not_to_be_there(self):
        with (
            Site({"/get-pip.py": b"import sys\n"}) as server,
            Downloads([], self.environ, patience=0) as session,
        ):
            self.assertEqual(b"import sys\n", session.content(server.base_url + "/get-pip.py"))
            with self.assertRaises(downloads.NotThereError):
                session.content(server.base_url + "/pip/3.9/get-pip.py")
