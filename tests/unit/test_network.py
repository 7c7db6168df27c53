"""Reading over the network: bounded, with a reason for what goes wrong, and nothing told to strangers."""

import os
import subprocess
import time
from unittest import mock

from testnode_python import network
from testnode_python.commands import Deadline
from testnode_python.configuration import Mirror
from testnode_python.errors import MirrorError

from tests.support.nodes import InAFolder
from tests.support.server import LOOPBACK, Answer, Server, Site, make_certificate, page, redirect

PASSWORD = "hunter22"
# Of the tries, the pauses between them and one answer: a fault must end well before.
BOUND = 5


class Redirecting(Server):
    """Sends everything on to another place."""

    def __init__(self, location="", **options):
        super().__init__(**options)
        self.location = location

    def answer(self, path):
        return redirect(self.location)


class Large(Server):
    """Everything is large."""

    def answer(self, path):
        return Answer(200, b"x" * 200_000, {"Content-Type": "text/html"}, True)


class NetworkTest(InAFolder):
    """Reads from servers on loopback, with variables of its own."""

    def setUp(self):
        super().setUp()
        self.environ = {"HOME": self.folder}
        # What is tried again is so without a pause.
        pause = mock.patch.object(network, "PAUSE_SECONDS", 0.01)
        pause.start()
        self.addCleanup(pause.stop)

    def enter(self, server):
        """Start a server until the test's end."""
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def site(self, **options):
        """Start a server of the one file ``/file``."""
        return self.enter(Site({"/file": b"content"}, **options))

    def read(self, url, seconds=20, mirror_url="", **settings):
        """Read a URL; settings are those of the mirror."""
        known = {name.replace("_", "-"): value for name, value in settings.items()}
        known["index-url"] = mirror_url or url
        return network.read(url, Mirror("the mirror", known), Deadline(seconds), self.environ)

    def content(self, url, **options):
        """Read a URL; return only what is there."""
        return self.read(url, **options)[0]

    def reason(self, url, **options):
        """Read in vain; return the reason, after a look that it holds no secret and came in time."""
        begun = time.monotonic()
        with self.assertRaises(MirrorError) as raised:
            self.read(url, **options)
        self.assertLess(time.monotonic() - begun, BOUND)
        told = str(raised.exception)
        self.assertNotIn(PASSWORD, told + raised.exception.url)
        self.assertNotIn("alice", told + raised.exception.url)
        return told


class RedirectTest(NetworkTest):
    """What an index redirects to gets no more trust than the index has, and shows no account."""

    def redirecting_to(self, location):
        class Redirecting(Site):
            def answer(self, path):
                return redirect(location)

        return self.enter(Redirecting({})).base_url + "/file"

    def test_an_account_in_a_redirect_is_neither_used_nor_shown(self):
        site = self.site()
        told = self.reason(self.redirecting_to(site.base_url.replace("://", "://alice:{}@".format(PASSWORD))))
        self.assertIn("names an account in a redirect", told)
        self.assertEqual([], site.requests)

    def test_an_address_that_is_none_is_not_shown(self):
        self.assertIn(
            "address that is none", self.reason(self.redirecting_to("http://h:{}/x".format(PASSWORD)))
        )

    def test_a_trusted_host_lends_its_trust_to_no_other(self):
        other = self.site()
        url = self.redirecting_to(other.base_url + "/file")
        trusted = url.partition("://")[2].partition("/")[0]
        self.assertIn("leads from a trusted host to another", self.reason(url, trusted_host=trusted))
        self.assertEqual([], other.requests)


class FaultsTest(NetworkTest):
    """What goes wrong has a reason and an end."""

    def test_what_is_there_comes_with_the_url_that_it_came_from(self):
        site = self.site()
        self.assertEqual((b"content", site.base_url + "/file"), self.read(site.base_url + "/file"))

    def test_nobody_listens(self):
        url = self.site(fault="refused").base_url + "/file"
        self.assertEqual(url + " cannot be read: Connection refused", self.reason(url))

    def test_a_name_that_nobody_knows(self):
        url = "https://nowhere.invalid/file"
        self.assertRegex(self.reason(url), "^{} cannot be read: .*".format(url))

    def test_no_answer_ends_with_the_time_that_is_given(self):
        site = self.site(fault="hang")
        url = site.base_url + "/file"
        self.assertEqual(url + " cannot be read: timed out", self.reason(url, seconds=0.3))
        self.assertEqual(["/file"], site.paths())

    def test_no_answer_within_the_patience_for_one_is_asked_for_again(self):
        site = self.site(fault="hang")
        with mock.patch.object(network, "ANSWER_SECONDS", 0.2):
            self.assertIn("timed out", self.reason(site.base_url + "/file"))
        self.assertEqual(3, len(site.requests))

    def test_headers_that_come_byte_by_byte_end_with_the_time_that_is_given(self):
        url = self.site(fault="drip", pause=0.1).base_url + "/file"
        self.assertEqual(url + " cannot be read: timed out", self.reason(url, seconds=0.5))

    def test_content_that_comes_byte_by_byte_ends_with_the_time_that_is_given(self):
        url = self.site(fault="trickle", pause=0.1).base_url + "/file"
        self.assertRegex(self.reason(url, seconds=0.3), r"cannot be read: timed out after [1-6] bytes")

    def test_a_passing_fault_is_tried_again(self):
        site = self.site(fault="flaky", failures=2)
        self.assertEqual(b"content", self.content(site.base_url + "/file"))
        self.assertEqual(3, len(site.requests))

    def test_a_fault_that_stays_is_told_after_three_tries(self):
        for fault, words in (("500", "500 Internal Server Error"), ("503", "503 Service Unavailable")):
            site = self.site(fault=fault)
            url = site.base_url + "/file"
            self.assertEqual("{} answers {}".format(url, words), self.reason(url))
            self.assertEqual(3, len(site.requests))

    def test_what_will_not_pass_is_not_tried_again(self):
        for fault in ("404", "bad_tls"):
            site = self.site(fault=fault)
            self.reason(site.base_url + "/file")
            self.assertLessEqual(len(site.requests), 1)

    def test_tries_end_with_the_time_that_is_given(self):
        site = self.site(fault="503")
        with mock.patch.object(network, "PAUSE_SECONDS", 10):
            self.reason(site.base_url + "/file", seconds=0.3)
        self.assertEqual(2, len(site.requests))

    def test_a_file_that_breaks_off(self):
        url = self.site(fault="truncated").base_url + "/file"
        self.assertEqual(url + " broke off after 3 bytes", self.reason(url))

    def test_redirects_that_never_end(self):
        url = self.site(fault="redirect_loop").base_url + "/file"
        self.assertRegex(self.reason(url), "answers 302 .*infinite loop")

    def test_an_answer_without_a_phrase(self):
        class Terse(Server):
            def answer(self, path):
                return page("", 599)

        url = self.enter(Terse()).base_url + "/file"
        self.assertEqual(url + " answers 599", self.reason(url))

    def test_more_than_any_page_or_wheel_of_pip_has(self):
        with mock.patch.object(network, "LARGEST", 100_000):
            url = self.enter(Large()).base_url + "/file"
            self.assertRegex(self.reason(url), "it is larger than")

    def test_something_that_speaks_no_http(self):
        with mock.patch("http.server.BaseHTTPRequestHandler.send_response"):
            url = self.site().base_url + "/file"
            self.assertRegex(self.reason(url), "cannot be read: ")

    def test_reasons_show_no_secret(self):
        secret = "alice:{}@".format(PASSWORD)
        for fault in ("refused", "404", "503", "truncated", "redirect_loop", "bad_tls"):
            site = self.site(fault=fault)
            url = site.base_url.replace("://", "://" + secret) + "/file?token=" + PASSWORD
            self.assertIn(site.base_url + "/file", self.reason(url))


class CredentialsTest(NetworkTest):
    """Who asks is told to whom it concerns."""

    def setUp(self):
        super().setUp()
        self.protected = self.site(user="alice", password="p@ss/" + PASSWORD)
        self.url = self.protected.base_url + "/file"

    def test_those_in_the_url_are_decoded_and_sent(self):
        self.assertEqual(b"content", self.content(self.protected.with_credentials(self.url)))

    def test_the_content_s_url_has_none(self):
        self.assertEqual(self.url, self.read(self.protected.with_credentials(self.url))[1])

    def test_a_token_alone_is_a_user_without_a_password(self):
        site = self.site(user="token-" + PASSWORD)
        url = site.base_url.replace("://", "://token-" + PASSWORD + "@")
        self.assertEqual(b"content", self.content(url + "/file"))

    def test_those_of_the_index_hold_for_files_on_the_same_host(self):
        account = self.protected.with_credentials(self.protected.base_url)
        self.assertEqual(b"content", self.content(self.url, mirror_url=account))
        self.assertEqual(
            b"content", self.content(self.url, mirror_url="https://x.invalid/", find_links=account)
        )

    def test_those_of_the_index_are_told_to_no_other_host(self):
        other = self.site(user="someone", password="else")
        account = self.protected.with_credentials(self.protected.base_url)
        self.assertIn("answers 401", self.reason(other.base_url + "/file", mirror_url=account))
        self.assertFalse(other.requests[0].had_authorization)

    def test_without_or_with_wrong_ones_the_answer_is_the_reason(self):
        self.assertEqual(self.url + " answers 401 Unauthorized", self.reason(self.url))
        wrong = self.url.replace("://", "://alice:{}@".format(PASSWORD))
        self.assertEqual(self.url + " answers 401 Unauthorized", self.reason(wrong))

    def test_those_in_netrc_count_where_no_url_has_any(self):
        line = "machine {} login alice password p@ss/{}\n".format(LOOPBACK, PASSWORD)
        self.write(".netrc", line, 0o600)
        self.assertEqual(b"content", self.content(self.url))
        self.environ = {"NETRC": self.write("elsewhere", line, 0o600)}
        self.assertEqual(b"content", self.content(self.url))

    def test_a_netrc_that_cannot_be_read_is_none(self):
        for content in (b"machine\n", b"machine \xff\xfe login x", b"nonsense"):
            self.write(".netrc", content, 0o600)
            self.assertIn("answers 401", self.reason(self.url))

    def test_a_redirect_on_the_same_host_keeps_them_and_one_to_another_does_not(self):
        class Moved(Site):
            def answer(self, path):
                return redirect("/file") if path == "/moved" else super().answer(path)

        moved = self.enter(Moved({"/file": b"content"}, user="alice", password=PASSWORD))
        self.assertEqual(b"content", self.content(moved.with_credentials(moved.base_url + "/moved")))
        stranger = self.site()
        away = self.enter(Redirecting(stranger.base_url + "/file", user="alice", password=PASSWORD))
        self.assertEqual(b"content", self.content(away.with_credentials(away.base_url + "/x")))
        self.assertEqual([False], [request.had_authorization for request in stranger.requests])


class SecurityTest(NetworkTest):
    """Certificates, and where plain HTTP is refused."""

    def test_a_certificate_that_nobody_trusts_is_the_reason(self):
        site = self.site(fault="bad_tls")
        self.assertRegex(self.reason(site.base_url + "/file"), "cannot be read: .*(?i:certificate)")
        self.assertEqual([], site.requests)

    def test_the_configured_certificates_are_trusted_as_a_file_and_as_a_folder(self):
        site = self.site(tls=True)
        self.assertEqual(b"content", self.content(site.base_url + "/file", cert=site.certificate))
        with open(site.certificate, "rb") as certificate:
            digest = subprocess.check_output(["openssl", "x509", "-hash", "-noout"], stdin=certificate)
            certificate.seek(0)
            self.write("certificates/{}.0".format(digest.decode().strip()), certificate.read())
        folder = os.path.join(self.folder, "certificates")
        self.assertEqual(b"content", self.content(site.base_url + "/file", cert=folder))

    def test_a_trusted_host_needs_no_certificate_that_anybody_trusts(self):
        site = self.site(tls=True)
        for trusted in (LOOPBACK, "other.example.org {}:{}".format(LOOPBACK, site.port)):
            self.assertEqual(b"content", self.content(site.base_url + "/file", trusted_host=trusted))
        self.reason(site.base_url + "/file", trusted_host="{}:{}".format(LOOPBACK, site.port + 1))

    def test_certificates_that_cannot_be_used_are_named(self):
        empty = self.write("empty.pem", "")
        for settings in ({"cert": "/nowhere/ca.pem"}, {"cert": empty}, {"client_cert": "/nowhere/ca.pem"}):
            (path,) = settings.values()
            told = self.reason("https://127.0.0.1:9/file", **settings)
            self.assertIn("the certificates in {} cannot be used".format(path), told)

    def test_a_client_certificate_may_be_configured_beside(self):
        certificate, key = make_certificate(self.folder)
        with open(certificate) as first, open(key) as second:
            both = self.write("client.pem", first.read() + second.read())
        site = self.site(tls=True)
        settings = {"cert": site.certificate, "client_cert": both}
        self.assertEqual(b"content", self.content(site.base_url + "/file", **settings))

    def test_plain_http_is_for_this_machine_and_trusted_hosts_only(self):
        for url in ("http://index.example.org/x", "ftp://127.0.0.1.example.org/x"):
            self.assertIn("is neither https nor a trusted host", self.reason(url))
        self.assertIn(
            "answers", self.reason(self.site(fault="404").base_url.replace(LOOPBACK, "localhost") + "/file")
        )

    def test_a_redirect_does_not_lead_out_of_safety(self):
        for location in (
            "http://alice:{}@index.example.org/x".format(PASSWORD),
            "file:///etc/passwd",
            "ftp://x/",
        ):
            url = self.enter(Redirecting(location)).base_url + "/file"
            told = self.reason(url)
            self.assertRegex(told, "neither https nor a trusted host|is not allowed")


class ProxyTest(NetworkTest):
    """A forward proxy, from pip's configuration or the caller's variables."""

    def setUp(self):
        super().setUp()
        self.proxy = self.site()
        self.url = "http://index.example.org/file"

    def through(self, expected=None, **settings):
        """Read through the proxy; say what it was asked for."""
        self.assertEqual(b"content", self.content(self.url, trusted_host="index.example.org", **settings))
        self.assertEqual([expected or self.url], self.proxy.paths())

    def test_the_configured_one_is_used_with_or_without_a_scheme(self):
        for proxy in (self.proxy.base_url, "{}:{}".format(LOOPBACK, self.proxy.port)):
            self.proxy.requests.clear()
            self.through(proxy=proxy)

    def test_those_of_the_variables_are_used_and_lower_case_wins(self):
        nobody = "http://127.0.0.1:9"
        for variables in (
            {"http_proxy": self.proxy.base_url},
            {"HTTP_PROXY": self.proxy.base_url},
            {"HTTP_PROXY": nobody, "http_proxy": self.proxy.base_url},
            {"ALL_PROXY": self.proxy.base_url, "https_proxy": nobody},
        ):
            self.environ = dict(variables, HOME=self.folder)
            self.proxy.requests.clear()
            self.through()

    def test_the_configured_one_wins_over_the_variables(self):
        self.environ.update(http_proxy="http://127.0.0.1:9", no_proxy="*")
        self.through(proxy=self.proxy.base_url)

    def test_hosts_that_need_none_are_asked_directly(self):
        site = self.site()
        self.environ.update(http_proxy="http://127.0.0.1:9")
        for variable in ("no_proxy", "NO_PROXY"):
            self.environ = {"HOME": self.folder, "http_proxy": "http://127.0.0.1:9", variable: LOOPBACK}
            self.assertEqual(b"content", self.content(site.base_url + "/file"))

    def test_the_variables_of_this_process_do_not_count(self):
        site = self.site()
        with mock.patch.dict(os.environ, http_proxy="http://127.0.0.1:9", no_proxy=""):
            self.assertEqual(b"content", self.content(site.base_url + "/file"))

    def test_its_account_is_sent_to_it(self):
        self.through(proxy=self.proxy.base_url.replace("://", "://alice:{}@".format(PASSWORD)))
        self.assertEqual("Basic YWxpY2U6aHVudGVyMjI=", self.proxy.requests[0].proxy_authorization)
        self.assertFalse(self.proxy.requests[0].had_authorization)

    def test_one_that_is_not_there_is_a_reason_without_its_account(self):
        proxy = "http://alice:{}@127.0.0.1:9".format(PASSWORD)
        told = self.reason(self.url, trusted_host="index.example.org", proxy=proxy)
        self.assertEqual(self.url + " cannot be read: Connection refused", told)
        self.assertIn("cannot be read", self.reason("https://index.example.org/x", proxy=proxy))

    def test_a_redirect_goes_through_it_as_well(self):
        there = self.url

        class Moving(Site):
            def answer(self, path):
                return redirect(there) if path == "/moved" else super().answer(path)

        self.proxy = self.enter(Moving({"/file": b"content"}))
        settings = {"trusted_host": "a.example.org index.example.org", "proxy": self.proxy.base_url}
        self.assertEqual(b"content", self.content("http://a.example.org/moved", **settings))
        self.assertEqual(["http://a.example.org/moved", there], self.proxy.paths())
