"""The ladder: the nearest source that can serve, and a reason for each that did not."""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

from testnode_python import ladder, links, manifest, request
from testnode_python.errors import NotReadyError, UsageError
from testnode_python.outcome import SOURCES

from tests.support.index import Index
from tests.support.nodes import clean_environ
from tests.support.precaches import HasPrecache, target_name

AS_ROOT = unittest.skipUnless(os.geteuid() == 0, "needs root to give files away")


class LadderCase(HasPrecache):
    """What the tests below share."""

    def reasons(self, outcome):
        return {attempt.source: attempt.reason for attempt in outcome.attempts}

    def sources(self, outcome):
        return [attempt.source for attempt in outcome.attempts]


class OrderTest(LadderCase):
    """System, precache, mirror, packages."""

    def test_nothing_serves_and_every_rung_leaves_a_reason_in_order(self):
        outcome = self.ensure("other", sources=SOURCES)
        self.assertEqual(["system", "precache", "mirror", "packages"], self.sources(outcome))
        self.assertEqual([False] * 4, [attempt.succeeded for attempt in outcome.attempts])
        reasons = self.reasons(outcome)
        self.assertIn("no other on PATH", reasons["system"])
        self.assertIn("has no other, only hello", reasons["precache"])
        self.assertIn(os.path.basename(self.mirror), reasons["mirror"])
        self.assertIn("the packages of other are not known for ", reasons["packages"])
        self.assertEqual(
            ("other", "", "", "", False, "", False, "", ""),
            (outcome.tool, outcome.executable, outcome.version, outcome.source)
            + (outcome.changed, outcome.locked, outcome.unlocked, outcome.environment, outcome.python),
        )

    def test_what_is_there_is_taken_and_nothing_further_tried(self):
        tool = self.script("home/bin/hello", "echo hello 1.0")
        outcome = self.ensure()
        self.assertEqual(["system"], self.sources(outcome))
        self.assertEqual(("system", tool, False), (outcome.source, outcome.executable, outcome.changed))

    def test_the_precache_comes_next_and_says_why_the_system_did_not_serve(self):
        outcome = self.ensure()
        self.assertEqual(["system", "precache"], self.sources(outcome))
        self.assertEqual(("precache", True, "1.0"), (outcome.source, outcome.changed, outcome.version))
        self.assertIn("no hello on PATH", outcome.attempts[0].reason)
        self.assertEqual(os.path.realpath(sys.executable), outcome.python)

    def test_the_second_time_it_is_found_by_its_receipt(self):
        first = self.ensure()
        again = self.ensure()
        self.assertEqual(("system", False), (again.source, again.changed))
        self.assertEqual(
            (first.executable, first.version, first.locked, first.environment, first.python),
            (again.executable, again.version, again.locked, again.environment, again.python),
        )

    def test_a_mirror_serves_where_the_precache_cannot(self):
        with open(self.wheel("greeting"), "rb") as file:
            whole = file.read()
        stock = os.path.join(self.folder, "stock")
        os.rename(os.path.join(self.precache, "wheels"), stock)
        os.mkdir(os.path.join(self.precache, "wheels"), 0o755)
        with Index(stock) as index:
            outcome = self.ensure(mirrors=(index.url,))
        self.assertEqual(["system", "precache", "mirror"], self.sources(outcome))
        self.assertEqual(("mirror", "1.0"), (outcome.source, outcome.version), self.reasons(outcome))
        self.assertIn("cannot be read", outcome.attempts[1].reason)
        self.assertTrue(whole)
        self.assertEqual(b"hello 1.0\n", subprocess.check_output([outcome.executable]))

    def test_pip_has_rungs_of_its_own(self):
        outcome = self.ensure("pip", version=">=99999", sources=("system", "precache"))
        self.assertIn("pip", self.reasons(outcome)["system"])
        self.assertRegex(self.reasons(outcome)["precache"], "has pip [0-9.]+, not >=99999")


class SourcesTest(LadderCase):
    """What may be tried is what the caller named."""

    def test_a_source_that_is_not_named_is_not_tried_and_says_so(self):
        proof = os.path.join(self.folder, "it-was-run")
        self.script("home/bin/hello", ": > {}".format(proof), "echo hello 1.0")
        outcome = self.ensure(sources=("packages",))
        self.assertEqual("", outcome.executable)
        self.assertEqual(
            ["not allowed (sources: packages)"] * 3, [attempt.reason for attempt in outcome.attempts[:3]]
        )
        self.assertFalse(os.path.exists(proof))

    def test_packages_are_tried_only_where_they_are_named(self):
        self.assertEqual(
            "not allowed (sources: system, precache, mirror)", self.reasons(self.ensure("other"))["packages"]
        )

    def test_the_order_is_the_ladders_whatever_the_callers(self):
        outcome = self.ensure(sources=("mirror", "precache", "system"))
        self.assertEqual(["system", "precache"], self.sources(outcome))

    def test_system_alone_writes_nothing(self):
        outcome = self.ensure(sources=("system",))
        self.assertEqual("", outcome.executable)
        self.assertEqual([], os.listdir(self.home))

    def test_a_source_that_is_none_is_a_usage_error(self):
        for sources in (("sytem",), (), ("",), ("system", "nowhere")):
            with self.subTest(sources), self.assertRaises(UsageError):
                ladder.ensure(self.request(sources=sources), self.environ())


class BoundTest(LadderCase):
    """One bound for all of it."""

    def test_what_hangs_ends_with_the_time_and_what_follows_is_not_begun(self):
        self.script("home/bin/hello", "exec /bin/sleep 60")
        begun = time.monotonic()
        outcome = self.ensure(timeout=0.3)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertIn("did not end within", outcome.attempts[0].reason)
        self.assertEqual(
            ["no time was left (0.3 s in all)"] * 2, [attempt.reason for attempt in outcome.attempts[1:3]]
        )
        self.assertEqual("", outcome.executable)

    def test_it_tells_the_seconds_of_each_rung_and_of_all(self):
        self.script("home/bin/hello", "/bin/sleep 0.2", "exit 1")
        outcome = self.ensure(sources=("system",))
        self.assertGreaterEqual(outcome.attempts[0].seconds, 0.2)
        self.assertLess(outcome.attempts[1].seconds, 0.1)
        self.assertGreaterEqual(outcome.seconds, sum(attempt.seconds for attempt in outcome.attempts))


@AS_ROOT
@unittest.skipUnless(os.stat("/var/lib").st_mode & 0o022 == 0, "/var/lib is not root's alone")
class LinkTest(LadderCase):
    """A tool for everybody, below a folder that is root's all the way."""

    def setUp(self):
        self.patch(tempfile, "tempdir", "/var/lib")
        super().setUp()
        os.chmod(self.folder, 0o755)
        self.link = os.path.join(self.folder, "local", "bin", "hello")
        self.venv = os.path.join(self.folder, "usr", "hello-env")
        self.patch(request, "SHARED_VENV", self.folder + "/usr/{tool}-env")
        self.patch(links.make, "__defaults__", (os.path.dirname(self.link),) + links.make.__defaults__[1:])

    def patch(self, *arguments):
        patch = mock.patch.object(*arguments)
        patch.start()
        self.addCleanup(patch.stop)

    def linked(self, **asked):
        asked = dict({"sources": ("system", "precache"), "venvs": (request.SHARED_VENV,)}, **asked)
        return self.ensure(link=True, **asked)

    def test_it_is_made_where_all_may_use_it_and_runs_by_its_bare_name(self):
        outcome = self.linked(venv="~/not-there")
        self.assertEqual(("precache", True, self.link), (outcome.source, outcome.changed, outcome.link))
        self.assertEqual((self.venv, []), (outcome.environment, os.listdir(self.home)))
        self.assertEqual(b"hello 1.0\n", subprocess.check_output([self.link, "--version"]))
        again = self.linked()
        self.assertEqual(("system", False, ""), (again.source, again.changed, again.link))

    def test_a_link_that_was_lost_is_made_again_for_what_is_there(self):
        self.linked()
        os.unlink(self.link)
        outcome = self.linked()
        self.assertEqual(("system", True, self.link), (outcome.source, outcome.changed, outcome.link))
        self.assertTrue(os.path.samefile(self.link, self.venv + "/bin/hello"))

    def test_without_its_link_it_is_not_ready(self):
        theirs = self.write("local/bin/hello", "theirs")
        outcome = self.linked()
        self.assertEqual(("", ""), (outcome.executable, outcome.source))
        self.assertEqual([False] * 4, [attempt.succeeded for attempt in outcome.attempts])
        self.assertIn(theirs + " is there already", self.reasons(outcome)["precache"])
        self.assertIn("remove it", outcome.attempts[1].cure)
        os.unlink(theirs)
        self.assertEqual(self.link, self.linked().link)

    def test_what_is_asked_for_dry_has_no_link_made(self):
        self.linked()
        os.unlink(self.link)
        outcome = self.linked(dry=True, sources=("system",))
        self.assertEqual(("system", True, self.link), (outcome.source, outcome.changed, outcome.link))
        self.assertFalse(os.path.lexists(self.link))


class FailureTest(LadderCase):
    """The error that lists every rung, and what may be said in it."""

    def error(self, *arguments, **asked):
        with self.assertRaises(NotReadyError) as caught:
            ladder.ensure(self.request(*arguments, **asked), self.environ())
        return caught.exception

    def test_it_lists_each_rung_with_its_cure(self):
        error = self.error("other", sources=("precache", "packages"))
        lines = str(error).splitlines()
        self.assertEqual("other could not be made ready", lines[0])
        self.assertEqual("  system    not allowed (sources: precache, packages)", lines[1])
        self.assertEqual(
            "  precache  {} has no other, only hello, installer, pip".format(self.precache), lines[2]
        )
        self.assertEqual("            -> add it to the toolset and build the precache again", lines[3])
        self.assertIn("-> name them: packages of the module", lines[-1])
        self.assertEqual([attempt.source for attempt in error.outcome.attempts], list(SOURCES))

    def test_each_attempt_is_reported_when_it_has_ended(self):
        reported = []
        with self.assertRaises(NotReadyError) as caught:
            ladder.ensure(self.request("other"), self.environ(), report=reported.append)
        self.assertEqual(caught.exception.outcome.attempts, reported)

    def test_the_variables_are_those_of_this_process_by_default(self):
        before = dict(os.environ)
        self.addCleanup(os.environ.update, before)
        self.addCleanup(os.environ.clear)
        os.environ.clear()
        os.environ.update(clean_environ(self.home))
        self.assertTrue(ladder.ensure(self.request()).executable.startswith(self.home))

    def test_secrets_appear_nowhere(self):
        url = "http://joe:s3cr3tword@127.0.0.1:9/simple?token=t0kenword"
        self.script("home/bin/other", "echo found s3cr3tword at {} >&2".format(url), "exit 1")
        error = self.error("other", mirrors=(url,))
        for words in (str(error), error.outcome.as_json(), repr(error.outcome.attempts)):
            for secret in ("joe", "s3cr3tword", "t0kenword"):
                self.assertNotIn(secret, words)
        self.assertIn("127.0.0.1:9/simple", str(error))
        self.assertIn("***", error.outcome.attempts[0].reason)


class FaultyPrecacheTest(LadderCase):
    """A clear reason, and the next rung; the precache alone: what and what to do."""

    def assert_passed_over(self, reason, cure="build the precache"):
        outcome = self.ensure()
        self.assertEqual(["system", "precache", "mirror", "packages"], self.sources(outcome))
        attempt = outcome.attempts[1]
        self.assertRegex(attempt.reason, reason)
        self.assertIn(self.precache, attempt.reason)
        self.assertIn(cure, attempt.cure)
        self.assertIn("empty-index", outcome.attempts[2].reason)
        with self.assertRaises(NotReadyError) as caught:
            ladder.ensure(self.request(sources=("precache",)), self.environ())
        self.assertIn(attempt.reason, str(caught.exception))
        self.assertIn("-> " + attempt.cure, str(caught.exception))

    def change_hello(self, **changes):
        self.change_manifest(lambda data: data["targets"][target_name()]["tools"]["hello"].update(changes))

    def test_one_byte_changed(self):
        path = self.wheel("greeting")
        with open(path, "r+b") as file:
            file.write(b"Q")
        self.assert_passed_over("{} is not the file that was locked".format(re.escape(path)))
        self.assertEqual([".hello.lock"], os.listdir(self.home + "/.local"))

    def test_a_wheel_missing(self):
        path = self.wheel("greeting")
        os.unlink(path)
        self.assert_passed_over("{} cannot be read: No such file".format(re.escape(path)))

    def test_a_future_format(self):
        self.change_manifest(lambda data: data.update(format=manifest.FORMAT + 1))
        self.assert_passed_over("/manifest.json has format 2, this program reads format 1")

    def test_damaged_json(self):
        self.write("precache/manifest.json", '{"format": 1,')
        self.assert_passed_over("/manifest.json is not a manifest")

    def test_hostile_names(self):
        wheels = {"name": "hello", "version": "1.0", "sha256": "a" * 64, "size": 1}
        for name in ("../../evil.whl", "/tmp/evil.whl", "evil\0.whl"):
            self.change_hello(wheels=[dict(wheels, file=name)])
            with self.subTest(name):
                self.assert_passed_over("/manifest.json is not a manifest.*is not allowed there")

    def test_others_may_write_it(self):
        for part in ("", "/manifest.json", "/wheels"):
            path = self.precache + part
            mode = os.stat(path).st_mode & 0o777
            os.chmod(path, mode | 0o002)
            with self.subTest(part):
                self.assert_passed_over(
                    "is not safe: {} may be written by others".format(path), "nobody else"
                )
            os.chmod(path, mode)

    @AS_ROOT
    def test_a_wrong_owner(self):
        for owner in (65534, 1000):
            os.chown(self.precache, owner, owner)
            with self.subTest(owner):
                self.assert_passed_over("is not safe: .* belongs to user {}".format(owner), "nobody else")

    def test_a_libc_below_the_floor(self):
        self.change_manifest(lambda data: data["targets"][target_name()].update(libc=["glibc", [99, 1]]))
        outcome = self.ensure()
        self.assertRegex(outcome.attempts[1].reason, "need glibc 99.1, this Python has ")
        self.assertEqual("mirror", outcome.attempts[2].source)

    def test_no_target_for_this_python(self):
        self.change_manifest(lambda data: data["targets"][target_name()].update(python=[2, 7]))
        self.assert_passed_over("has nothing for cpython", "--python")

    def test_no_lock_of_the_tool(self):
        self.change_hello(wheels=[], reason="no solution: greeting needs Python 3.99")
        outcome = self.ensure()
        self.assertIn("no solution: greeting needs Python 3.99", outcome.attempts[1].reason)
        self.assertEqual("mirror", outcome.attempts[2].source)

    def test_another_version_than_the_locked_one(self):
        outcome = self.ensure(version=">=2")
        self.assertEqual("{} has hello 1.0, not >=2".format(self.precache), outcome.attempts[1].reason)
        self.assertEqual("mirror", outcome.attempts[2].source)

    def test_something_of_others_at_the_place(self):
        theirs = self.write("home/.local/hello/theirs", "")
        outcome = self.ensure()
        self.assertIn("not made by testnode-python", outcome.attempts[1].reason)
        self.assertIn("--venv", outcome.attempts[1].cure)
        self.assertTrue(os.path.exists(theirs))
