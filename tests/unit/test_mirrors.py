"""A tool's environment from mirrors: good ones, bad ones, and whatever the caller has configured."""

import os
import shutil
import subprocess
import tempfile
import time
import unittest
from unittest import mock

from testnode_python import configuration, ladder, mirrors, network, pips
from testnode_python.errors import CommandError, Error, NotReadyError
from testnode_python.tools import Tool

from tests.support.index import Index
from tests.support.nodes import InAFolder, clean_environ, make_node, make_request
from tests.support.precaches import make_precache
from tests.support.server import LOOPBACK, make_certificate
from tests.support.wheels import make_tool, make_wheel, rebuild_wheel

USER = "alice"
# As it is typed; in a URL it is written with %40 and %2F.
PASSWORD = "hunter22@p/w"
SECRETS = (USER, PASSWORD, "hunter22", "hunter22%40p%2Fw", "t0ken-in-query", "proxy-pass")


def fill(folder):
    """Put into a folder: hello 1.0 and 1.1, what they depend on, and the real pip."""
    os.makedirs(folder)
    for version in ("1.0", "1.1"):
        make_tool(folder, "hello", version, requires=["greeting"])
    make_wheel(folder, "greeting", "2.0")
    rebuild_wheel("pip", folder)


def texts_of(folder):
    """Return the content of all small files below a folder but pip's own, one after the other."""
    found = []
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "pip"]
        for name in files:
            with open(os.path.join(path, name), "rb") as file:
                found.append(file.read(100000).decode("utf-8", "replace"))
    return "\n".join(found)


def answer_of(outcome):
    """Run what an outcome gives, as a shell would; return what it prints."""
    return subprocess.check_output(
        [outcome.executable, "--version"], env={"PATH": os.defpath}, universal_newlines=True
    ).strip()


class MirrorsTest(InAFolder):
    """A home without anything, and a folder of wheels for the indexes; all in one folder a class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = os.path.realpath(tempfile.mkdtemp(prefix="testnode-test-"))
        cls.wheels = os.path.join(cls.shared, "wheels")
        try:
            fill(cls.wheels)
        except BaseException:
            shutil.rmtree(cls.shared)
            raise

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.attempts = []
        patches = [
            mock.patch.object(network, "PAUSE_SECONDS", 0.01),
            mock.patch.object(network, "ANSWER_SECONDS", 0.5),
            # pip waits longer between its tries.
            mock.patch.dict(pips._PIP_PATIENCE, PIP_RETRIES="0"),
            mock.patch.object(configuration, "SYSTEM_FILE", os.path.join(self.folder, "no-such-file")),
        ]
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)

    def enter(self, server):
        """Start a server until the test's end."""
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def ensure(self, tool="hello", environ=None, **asked):
        """Make a tool ready from mirrors only."""
        request = make_request(self.folder, tool, **dict({"sources": ("mirror",)}, **asked))
        return ladder.ensure(request, environ or clean_environ(self.folder), self.attempts.append)

    def refused(self, tool="hello", **asked):
        """Fail to make it ready; return the reason of the mirror rung."""
        with self.assertRaises(NotReadyError) as raised:
            self.ensure(tool, **asked)
        (attempt,) = [each for each in raised.exception.outcome.attempts if each.source == "mirror"]
        return "; ".join(filter(None, (attempt.reason, attempt.cure)))

    def assertKeepsSecrets(self, *texts):
        """Look for any secret in texts."""
        for text in texts:
            for secret in SECRETS:
                self.assertNotIn(secret, str(text))


class LockTest(MirrorsTest):
    """Where the precache has a lock, a mirror gives the files."""

    def test_a_lock_is_followed_to_the_letter_whatever_else_an_index_has(self):
        precache = os.path.join(self.folder, "precache")
        names = ("hello-1.0-py3-none-any.whl", "greeting-2.0-py3-none-any.whl")
        make_precache(precache, {"hello": [os.path.join(self.wheels, name) for name in names]})
        other = os.path.join(self.folder, "other")
        shutil.copytree(self.wheels, other)
        make_tool(other, "hello", "1.0", requires=["greeting", "more"])
        # The first has another file by the locked name, whose hash it tells.
        indexes = [self.enter(Index(folder)).url for folder in (other, self.wheels)]
        outcome = self.ensure(mirrors=indexes, precache=precache)
        self.assertEqual("hello 1.0", answer_of(outcome))
        self.assertFalse(outcome.unlocked)
        self.assertTrue(outcome.locked.startswith("2026-11-01"))
        self.assertRegex(outcome.attempts[2].reason, "not from {}: pip failed: .*HASHES".format(indexes[0]))


class BadMirrorTest(MirrorsTest):
    """Bad mirrors end within the bounds, each with its reason, and the good one is reached."""

    def test_many_bad_ones_and_a_good_one_end_in_success_with_every_reason_kept(self):
        faults = {
            "refused": "Connection refused",
            "hang": "timed out",
            "drip": "timed out",
            "404": "answers 404",
            "503": "answers 503",
            "html": "lists no file of hello",
            "redirect_loop": "answers 302",
            "bad_tls": "[Cc]ertificate|CERTIFICATE",
            "truncated": "pip failed: ",
            "altered": "pip failed: .*HASHES",
        }
        options = {"user": USER, "password": PASSWORD}
        servers = [self.enter(Index(self.wheels, fault=fault, **options)) for fault in faults]
        reasons = list(faults.values()) + ["pip failed: .*greeting"]
        missing = ["greeting-2.0-py3-none-any.whl"]
        servers.append(self.enter(Index(self.wheels, missing=missing, **options)))
        good = self.enter(Index(self.wheels, **options))
        urls = [server.authenticated_url + "?token=t0ken-in-query" for server in servers[:5]]
        urls += [server.authenticated_url for server in servers[5:] + [good]]
        outcome = self.ensure(mirrors=urls, timeout=60.0)
        self.assertLess(outcome.seconds, 60)
        self.assertEqual("hello 1.1", answer_of(outcome))
        self.assertEqual(("1.1", "mirror", True, ""), outcome[2:6])
        self.assertTrue(outcome.unlocked)
        told = outcome.attempts[2].reason
        self.assertRegex(told, "hello 1.1 from {}, its newest: unlocked".format(good.url))
        for server, reason in zip(servers, reasons):
            with self.subTest(server.fault):
                self.assertRegex(told, "not from {}: [^;]*({})".format(server.url, reason))
        self.assertEqual([True] * len(good.requests), [each.had_authorization for each in good.requests])
        tree = os.path.realpath(outcome.environment)
        receipt = texts_of(tree)
        for word in ('"greeting"', '"pip"', '"origin": "{}"'.format(good.url), '"source": "mirror"'):
            self.assertIn(word, receipt)
        self.assertKeepsSecrets(outcome, outcome.as_json(), receipt, *self.attempts)
        # It has a pip of its own, and asked for again it is there: nothing is asked of the index.
        pip = subprocess.run(
            [os.path.join(tree, "bin", "pip"), "--version"], env={}, stdout=subprocess.DEVNULL
        )
        self.assertEqual(0, pip.returncode)
        good.requests.clear()
        self.assertFalse(self.ensure(mirrors=urls[-1:]).changed)
        self.assertEqual([], good.requests)

    def test_the_time_for_all_is_shared_and_ends(self):
        slow = [self.enter(Index(self.wheels, fault="hang")).url for _ in range(3)]
        begun = time.monotonic()
        with mock.patch.object(network, "ANSWER_SECONDS", 60):
            reason = self.refused(mirrors=slow, timeout=2.0)
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual(3, reason.count("timed out"))


class CallersEnvironmentTest(MirrorsTest):
    """What the caller has set redirects nothing and breaks nothing; what names sources counts."""

    def hostile(self):
        """Return variables that would break or redirect an install, and a pip.conf that would."""
        traps = os.path.join(self.folder, "traps")
        for name in ("pip.py", "json.py", "sitecustomize.py", "hello.py", "zipfile.py"):
            self.write("traps/" + name, "raise SystemExit('a trap')\n")
        lines = ["user = yes", "target = {0}/t", "prefix = {0}/p", "root = {0}/r", "require-virtualenv = yes"]
        lines += ["no-deps = yes", "constraint = /nowhere", "require-hashes = yes", "log = {0}/log"]
        hostile = "\n".join(lines).format(traps + "/conf") + "\n"
        variables = {
            "PIP_TARGET": traps + "/target",
            "PIP_USER": "1",
            "PIP_PREFIX": traps + "/prefix",
            "PIP_ROOT": traps + "/root",
            "PIP_REQUIRE_VIRTUALENV": "1",
            "PIP_REQUIRE_HASHES": "1",
            "PIP_NO_DEPS": "1",
            "PIP_DRY_RUN": "1",
            "PIP_CONSTRAINT": "/nowhere/constraints.txt",
            "PIP_PYTHON": "/nowhere/python",
            "PIP_LOG": traps + "/log",
            "PYTHONPATH": traps,
            "PYTHONHOME": "/nowhere",
            "PYTHONSTARTUP": traps + "/pip.py",
            "PYTHONUSERBASE": traps + "/base",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "error",
            "VIRTUAL_ENV": traps + "/venv",
            "__PYVENV_LAUNCHER__": traps + "/launcher",
        }
        return variables, "[global]\n{0}[install]\n{0}".format(hostile)

    def test_hostile_variables_and_files_neither_break_nor_redirect(self):
        index = self.enter(Index(self.wheels, user=USER, password=PASSWORD))
        variables, conf = self.hostile()
        self.write(".config/pip/pip.conf", conf + "index-url = {}\n".format(index.authenticated_url))
        traps = sorted(os.listdir(os.path.join(self.folder, "traps")))
        environ = clean_environ(self.folder)
        for name in ("PIP_CONFIG_FILE", "PIP_INDEX_URL"):
            del environ[name]
        outcome = self.ensure(environ=dict(environ, **variables))
        self.assertEqual("hello 1.1", answer_of(outcome))
        self.assertEqual(traps, sorted(os.listdir(os.path.join(self.folder, "traps"))))
        receipt = texts_of(os.path.realpath(outcome.environment))
        self.assertIn("pip's configuration ({}/.config/pip/pip.conf)".format(self.folder), receipt)
        # Its pip came from a private folder, of which nothing stands in it.
        self.assertNotIn(
            "direct_url.json", [name for _, _, names in os.walk(outcome.environment) for name in names]
        )
        self.assertKeepsSecrets(outcome.as_json(), receipt, *self.attempts)

    def test_no_index_closes_the_rung_and_says_where_it_stands(self):
        index = self.enter(Index(self.wheels))
        conf = self.write("pip.conf", "[install]\nno-index = true\nindex-url = {}\n".format(index.url))
        environ = clean_environ(self.folder, PIP_CONFIG_FILE=conf)
        reason = self.refused(environ=environ, mirrors=(index.url,))
        self.assertIn("forbids indexes (no-index in {})".format(conf), reason)
        self.assertEqual([], index.requests)
        environ = clean_environ(self.folder, PIP_NO_INDEX="yes")
        self.assertIn("(no-index in PIP_NO_INDEX)", self.refused(environ=environ))

    def test_a_folder_to_find_links_in_serves_next_to_an_index_that_has_nothing(self):
        empty = os.path.join(self.folder, "empty")
        os.mkdir(empty)
        index = self.enter(Index(empty))
        # As a path that is relative to where the caller stands; pip is started elsewhere.
        environ = clean_environ(
            self.folder, PIP_INDEX_URL=index.url, PIP_FIND_LINKS=os.path.relpath(self.wheels)
        )
        outcome = self.ensure(environ=environ, version="<1.1")
        self.assertEqual("hello 1.0", answer_of(outcome))
        self.assertIn("pip's configuration (PIP_FIND_LINKS, PIP_INDEX_URL)", outcome.attempts[2].reason)


class TransportTest(MirrorsTest):
    """Certificates of one's own, proxies, accounts: pip and we get there the same way."""

    def test_tls_with_certificates_of_one_s_own_and_an_account_in_netrc(self):
        index = self.enter(Index(self.wheels, tls=True, user=USER, password=PASSWORD))
        # By name: some pips cannot check the certificate of an address.
        url = index.url.replace(LOOPBACK, "localhost")
        self.write(".netrc", "machine localhost login {} password {}\n".format(USER, PASSWORD), 0o600)
        self.assertRegex(self.refused(mirrors=(url,)), "[Cc]ertificate|CERTIFICATE")
        self.assertEqual([], index.requests)
        # Older pips do not know this variable; they get what it says all the same.
        environ = clean_environ(self.folder, SSL_CERT_FILE=index.certificate)
        outcome = self.ensure(environ=environ, mirrors=(url,))
        self.assertEqual("hello 1.1", answer_of(outcome))
        self.assertEqual({True}, {request.had_authorization for request in index.requests[-3:]})
        receipt = texts_of(os.path.realpath(outcome.environment))
        self.assertKeepsSecrets(outcome.as_json(), receipt, *self.attempts)

    def test_every_way_to_name_certificates_is_honoured(self):
        index = self.enter(Index(self.wheels, tls=True))
        other, _ = make_certificate(self.folder)
        conf = self.write("pip.conf", "[global]\ncert = {}\n".format(index.certificate))
        # It asks only: the lock of a tool that the index lacks is not wanted.
        for variables in (
            {"PIP_CONFIG_FILE": conf},
            {"PIP_CERT": index.certificate},
            {"REQUESTS_CA_BUNDLE": index.certificate},
            {"CURL_CA_BUNDLE": index.certificate},
            {"SSL_CERT_FILE": index.certificate},
            {"PIP_CERT": index.certificate, "REQUESTS_CA_BUNDLE": other},
            {"PIP_TRUSTED_HOST": LOOPBACK},
        ):
            with self.subTest(", ".join(variables)):
                environ = clean_environ(self.folder, **variables)
                reason = self.refused("nothing-of-the-kind", environ=environ, mirrors=(index.url,))
                self.assertIn("answers 404", reason)

    def test_a_forward_proxy_of_pips_configuration_is_used_by_pip_too(self):
        proxy = self.enter(Index(self.wheels))
        url = "http://index.example.org/simple/"
        lines = [
            "index-url = http://{}:hunter22%40p%2Fw@index.example.org/simple/".format(USER),
            "trusted-host = index.example.org",
            "proxy = http://{}:proxy-pass@{}:{}".format(USER, LOOPBACK, proxy.port),
        ]
        conf = self.write("pip.conf", "\n".join(["[global]"] + lines) + "\n")
        environ = clean_environ(self.folder, PIP_CONFIG_FILE=conf)
        del environ["PIP_INDEX_URL"]
        outcome = self.ensure(environ=environ)
        self.assertEqual("hello 1.1", answer_of(outcome))
        self.assertIn(url + "greeting/", proxy.paths())
        self.assertEqual(
            [], [path for path in proxy.paths() if not path.startswith("http://index.example.org/")]
        )
        self.assertEqual({True}, {bool(request.proxy_authorization) for request in proxy.requests})
        receipt = texts_of(os.path.realpath(outcome.environment))
        self.assertKeepsSecrets(outcome.as_json(), receipt, *self.attempts)


class CheckTest(InAFolder):
    """A tool that a mirror gave is run once: no lock vouches for it."""

    def check(self, *lines, command="hello"):
        """Check an environment whose tool is this script."""
        for name in ("python", "python3.9", "pip3", "pip3.9", "activate.fish"):
            self.script("bin/" + name)
        self.script("bin/hello", *lines)
        node = make_node(self.folder, "hello", command=command)
        work = mirrors._Work(None, node, None, self.folder, os.open(os.devnull, os.O_RDONLY))
        self.addCleanup(os.close, work.held)
        work._check(self.folder, node.declared)

    def test_one_that_works_passes_whatever_the_caller_has_set(self):
        with mock.patch.dict(os.environ, PYTHONHOME="/nowhere"):
            self.check('test -z "$PYTHONHOME"', 'test "$1" = --version')

    def test_one_that_does_not_is_the_fault_of_the_mirror(self):
        for line, words in (("echo broken >&2; exit 3", "broken"), ("exit 3", "no output")):
            with self.assertRaisesRegex(CommandError, "was installed but does not work: {}$".format(words)):
                self.check(line)

    def test_a_command_of_another_name_is_told_with_those_that_are_there(self):
        with self.assertRaises(Error) as raised:
            self.check(command="hi")
        self.assertNotIsInstance(raised.exception, CommandError)
        self.assertEqual(
            "hello has no command hi, but hello; name the right one with --command", str(raised.exception)
        )
        os.remove(os.path.join(self.folder, "bin", "hello"))
        node = make_node(self.folder, "hello")
        with self.assertRaisesRegex(Error, "but none at all"):
            mirrors._Work(None, node, None, self.folder, 0)._check(self.folder, node.declared)


class RequirementsTest(unittest.TestCase):
    """What pip is asked for where nothing is locked."""

    def narrowed(self, requirements, version):
        """Return a tool's requirements with a version asked for."""
        return mirrors._with_version(Tool("hello", requirements, "hello", []), version)

    def test_a_version_goes_to_the_tools_own_distribution_before_the_marker(self):
        self.assertEqual(["hello<2", "six"], self.narrowed(["hello", "six"], "<2"))
        self.assertEqual(["hello<2; extra == 'x'"], self.narrowed(["hello; extra == 'x'"], "<2"))
        self.assertEqual(["hello[a,b]==1.0"], self.narrowed(["hello[a,b]"], "==1.0"))

    def test_a_requirement_of_its_own_is_narrowed_further(self):
        self.assertEqual(["hello>=1,<2"], self.narrowed(["hello>=1"], "<2"))
        self.assertEqual(["hello>=1"], self.narrowed(["hello>=1"], ""))

    def test_it_goes_to_every_line_of_the_distribution(self):
        requirements = ["hello<20; python_version < '3.7'", "Hello; python_version >= '3.7'"]
        self.assertEqual(
            ["hello<20,>=1; python_version < '3.7'", "Hello>=1; python_version >= '3.7'"],
            self.narrowed(requirements, ">=1"),
        )
