"""What a role asks for: tools ready, or who is to be asked next."""

import os
import time
import types
import unittest
from unittest import mock

from testnode_python import finder, ladder, links, packages, provision, request
from testnode_python.errors import NotReadyError, UsageError

from tests.support.precaches import HasPrecache

PROGRAM = "/usr/bin/env"
HAS_PROGRAM = unittest.skipUnless(
    os.path.exists(PROGRAM) and os.lstat(PROGRAM).st_uid == os.stat("/").st_uid == 0,
    "there is no program here that is root's",
)
# One user who is not root: where root runs the tests, what root made is believed too.
USER = os.getuid() or 1000


class ProvisionCase(HasPrecache):
    """What the tests below share: who calls, and whether their sudo agrees."""

    def setUp(self):
        super().setUp()
        # As if a venv ran us: nothing is looked at, or installed, beside it.
        ours = types.SimpleNamespace(prefix="/venv", base_prefix="/usr", executable="/venv/bin/python")
        self.patch(finder, "sys", ours)
        # Nor is anything of the machine's, by whatever mistake.
        self.shared = os.path.join(self.folder, "usr", "{tool}-env")
        self.patch(request, "SHARED_VENV", self.shared)
        links_in = os.path.join(self.folder, "local-bin")
        self.patch(links.make, "__defaults__", (links_in,) + links.make.__defaults__[1:])
        self.become(USER)

    def patch(self, *arguments):
        patch = mock.patch.object(*arguments)
        patch.start()
        self.addCleanup(patch.stop)

    def become(self, uid):
        self.patch(os, "geteuid", lambda: uid)

    def sudo(self, status):
        """Have a sudo that agrees or not; return the path of what it leaves when it was asked."""
        proof = os.path.join(self.folder, "sudo-was-asked")
        self.script("home/bin/sudo", ": > {}".format(proof), "exit {}".format(status))
        return proof

    def tools(self, *requests, **options):
        return provision.tools(list(requests), self.environ(), **options)

    def refusal(self, *requests, **options):
        with self.assertRaises(NotReadyError) as caught:
            self.tools(*requests, **options)
        return caught.exception

    def made(self):
        """Return what is in the home beside programs of the test."""
        return sorted(set(os.listdir(self.home)) - {"bin"})

    def in_home(self, tool):
        return os.path.join(self.home, ".local", tool, "bin", tool)


class ToolsTest(ProvisionCase):
    """Several tools, one after the other."""

    def test_each_is_made_ready_in_the_order_of_the_requests(self):
        mine = self.script("home/bin/mine", "echo mine 3.0")
        done = self.tools(self.request("mine"), self.request())
        self.assertEqual(
            [("mine", "system", mine, False), ("hello", "precache", self.in_home("hello"), True)],
            [(each.tool, each.source, each.executable, each.changed) for each in done.outcomes],
        )
        self.assertEqual((False, [], [], True), done[1:4] + (done.changed,))
        self.assertEqual(
            done.virtualenv_command, finder.venv_command(request.Node(self.request(), self.environ()))
        )
        self.assertIs(False, self.tools(self.request("mine"), self.request()).changed)

    def test_none_asked_for_is_nothing_to_do(self):
        self.assertEqual(finder.Provision([]), self.tools())
        self.assertIs(False, self.tools().changed)

    def test_the_first_that_cannot_be_made_ready_is_an_error(self):
        error = self.refusal(self.request("other"), self.request())
        self.assertEqual("other", error.outcome.tool)
        self.assertIn("no other on PATH", str(error))
        self.assertEqual([], self.made())
        with self.assertRaises(UsageError):
            self.tools(self.request("../x"))

    def test_where_it_is_soft_that_is_a_warning_and_the_rest_goes_on(self):
        done = self.tools(self.request("../x"), self.request("other"), self.request(), soft=True)
        self.assertEqual(
            [("../x", ""), ("other", ""), ("hello", self.in_home("hello"))],
            [(each.tool, each.executable) for each in done.outcomes],
        )
        self.assertIn("no other on PATH", done.outcomes[1].attempts[0].reason)
        first, second = done.warnings
        self.assertIn("'../x' is not the name of a tool", first)
        self.assertIn("other could not be made ready\n  system    no other on PATH", second)

    def test_a_time_that_makes_no_sense_is_refused(self):
        for seconds in (0, -1, float("nan"), 1e12):
            with self.subTest(seconds), self.assertRaises(UsageError) as caught:
                self.tools(self.request(timeout=seconds))
            self.assertIn("is no time to work in", caught.exception.cause)


class TimeTest(ProvisionCase):
    """The first request's time is for all of them."""

    def test_one_that_hangs_leaves_the_others_their_share(self):
        self.script("home/bin/hang", "exec /bin/sleep 60")
        slow = self.script("home/bin/slow", "/bin/sleep 0.4", "echo slow 1.0")
        begun = time.monotonic()
        done = self.tools(
            self.request("hang", sources=("system",), timeout=2.0), self.request("slow"), soft=True
        )
        self.assertLess(time.monotonic() - begun, 4)
        self.assertRegex(done.outcomes[0].attempts[0].reason, "did not end within (1|0.9[0-9]*) s")
        self.assertEqual(slow, done.outcomes[1].executable)

    def test_what_one_does_not_need_is_for_those_after_it(self):
        for name in ("one", "two", "three"):
            self.script("home/bin/" + name, "echo 1.0")
        requests = [self.request(name, timeout=seconds) for name, seconds in zip(("one", "two"), (90.0, 7.0))]
        with mock.patch.object(ladder, "climb", wraps=ladder.climb) as climbed:
            self.tools(*requests + [self.request("three")])
        one, two, three = (call[0][0].request.timeout for call in climbed.call_args_list)
        self.assertAlmostEqual(30, one, delta=1)
        self.assertEqual(7, two)
        self.assertAlmostEqual(60, three, delta=1)


class LinkTest(ProvisionCase):
    """By its bare name, for everybody: that takes root."""

    def test_where_no_link_is_asked_for_nobody_asks_sudo(self):
        proof = self.sudo(0)
        done = self.tools(self.request())
        self.assertEqual((self.in_home("hello"), False), (done.outcomes[0].executable, done.needs_root))
        self.assertFalse(os.path.exists(proof))

    def test_who_may_become_root_is_told_to_and_nothing_is_made(self):
        proof = self.sudo(0)
        done = self.tools(self.request(link=True))
        self.assertEqual(([], True, [], [], False), done[:4] + (done.missing,))
        self.assertTrue(os.path.exists(proof))
        self.assertEqual([], self.made())
        self.assertIs(True, self.tools(self.request(link=True, dry=True)).needs_root)

    def test_who_may_not_has_it_in_the_home_and_a_warning(self):
        self.sudo(1)
        done = self.tools(self.request(link=True))
        (outcome,) = done.outcomes
        self.assertEqual(
            (self.in_home("hello"), "precache", ""), (outcome.executable, outcome.source, outcome.link)
        )
        (warning,) = done.warnings
        self.assertIn("hello is at {} and does not run by its bare name".format(outcome.executable), warning)
        self.assertIn("root", warning)
        self.assertIs(False, done.needs_root)

    @HAS_PROGRAM
    def test_what_runs_by_its_bare_name_already_needs_no_root(self):
        proof = self.sudo(0)
        asked = self.request(link=True, executable=PROGRAM)
        self.assertEqual(([], True), tuple(self.tools(asked))[:2])
        os.unlink(proof)
        os.symlink(PROGRAM, os.path.join(self.home, "bin", "env"))
        done = self.tools(asked, self.request("other", link=True))
        (outcome,) = done.outcomes
        self.assertEqual(
            (PROGRAM, "system", False, ""),
            (outcome.executable, outcome.source, outcome.changed, outcome.link),
        )
        # The other does.
        self.assertTrue(done.needs_root)
        self.assertTrue(os.path.exists(proof))

    def test_what_no_source_would_install_needs_no_root(self):
        proof = self.sudo(0)
        self.refusal(self.request(link=True, sources=("system",)))
        self.assertFalse(os.path.exists(proof))
        done = self.tools(self.request(link=True, sources=("system", "packages")), names=["python3-hello"])
        self.assertEqual((["python3-hello"], False), (done.packages, done.needs_root))

    def test_root_is_not_asked_to_become_root(self):
        self.become(0)
        proof = self.sudo(0)
        # Below a folder that others may write nothing can be for everybody, and that is what it says.
        error = self.refusal(self.request(link=True, sources=("system", "precache")))
        self.assertIn("a global link leads only to what is root's alone", str(error))
        self.assertFalse(os.path.exists(proof))


class PackagesTest(ProvisionCase):
    """What only the distribution has is told, not installed."""

    SOURCES = ("system", "precache", "packages")

    def setUp(self):
        super().setUp()
        self.patch(packages, "OS_RELEASE", self.write("os-release", 'ID=debian\nVERSION_ID="12"\n'))
        self.sudo(0)

    def test_who_may_not_install_them_is_told_so_beside_all_other_reasons(self):
        self.sudo(1)
        error = self.refusal(self.request("tox", sources=self.SOURCES))
        self.assertIn("has no tox, only hello", str(error))
        self.assertIn("packages are installed by root, and this user may not become it", str(error))
        self.assertIn("allow sudo without a password", error.cure)

    def test_where_nothing_else_is_allowed_and_it_is_soft_there_is_no_source(self):
        for sources in (("packages",), ()):
            done = self.tools(self.request("tox", sources=sources), soft=True)
            self.assertIn("no source is allowed", done.warnings[0])

    def test_they_are_told_where_nothing_else_serves(self):
        done = self.tools(self.request("stestr", sources=self.SOURCES), self.request(sources=self.SOURCES))
        self.assertEqual(["python3-stestr"], done.packages)
        self.assertEqual(["hello"], [each.tool for each in done.outcomes])

    def test_the_callers_names_go_before_those_that_are_known(self):
        asked = [self.request(tool, sources=self.SOURCES) for tool in ("tox", "nox")]
        self.assertEqual(["tox", "nox"], self.tools(*asked).packages)
        # Once is enough.
        self.assertEqual(["python3-mine"], self.tools(*asked, names=["python3-mine"]).packages)

    def test_what_is_there_or_can_be_installed_needs_none(self):
        done = self.tools(self.request(sources=self.SOURCES), names=["python3-hello"])
        self.assertEqual(("precache", []), (done.outcomes[0].source, done.packages))

    def test_where_they_are_not_allowed_they_are_not_told(self):
        self.refusal(self.request("tox", sources=("system", "precache")), names=["tox"])

    def test_where_it_is_soft_they_are_not_told_either(self):
        done = self.tools(self.request("tox", sources=self.SOURCES), names=["tox"], soft=True)
        self.assertEqual(([], ""), (done.packages, done.outcomes[0].executable))
        self.assertIn("tox could not be made ready", done.warnings[0])

    def test_where_they_are_not_known_the_error_is_the_ladders(self):
        error = self.refusal(self.request("other", sources=self.SOURCES))
        self.assertEqual("other", error.outcome.tool)
        self.assertIn("has no other, only hello", str(error))
        self.assertIn("the packages of other are not known for debian 12", str(error))
        self.assertIn("name them", str(error))

    def test_once_installed_they_are_found_or_an_error_and_not_told_again(self):
        asked = self.request(sources=("packages",), packaged=True)
        error = self.refusal(asked, names=["python3-hello"])
        self.assertIn("no hello on PATH", str(error))
        self.assertIn("ask for another version, or allow a mirror", str(error))
        # What we made ourselves is there all the same, and is no package's.
        self.tools(self.request(sources=("precache",)))
        self.assertIn(self.in_home("hello") + " is not of a package", str(self.refusal(asked)))
        self.script("home/bin/hello", "echo hello 1.0")
        done = self.tools(asked)
        self.assertEqual(
            ("packages", True, []), (done.outcomes[0].source, done.outcomes[0].changed, done.packages)
        )


class DryTest(ProvisionCase):
    """Ansible's check mode: nothing is written, but told what would be."""

    def dry(self, tool="hello", **asked):
        return self.tools(self.request(tool, dry=True, **asked))

    def test_what_would_be_made_is_promised_where_it_would_be(self):
        promised = self.dry().outcomes[0]
        self.assertEqual([], self.made())
        self.assertEqual((self.in_home("hello"), True), (promised.executable, promised.changed))
        made = self.tools(self.request()).outcomes[0]
        self.assertEqual(made.executable, promised.executable)
        again = self.dry().outcomes[0]
        self.assertEqual((made.executable, "system", False), (again.executable, again.source, again.changed))

    def test_so_it_is_elsewhere_and_by_another_name(self):
        self.assertEqual("/opt/x/bin/hello", self.dry(venv="/opt/x").outcomes[0].executable)
        self.assertEqual(
            self.home + "/.local/hello/bin/mine", self.dry(command="mine").outcomes[0].executable
        )
        self.change_manifest(lambda data: data["tools"]["hello"].update(command="greet"))
        self.assertEqual(self.home + "/.local/hello/bin/greet", self.dry().outcomes[0].executable)
        self.become(0)
        shared = self.shared.format(tool="hello") + "/bin/greet"
        self.assertEqual(shared, self.dry(link=True).outcomes[0].executable)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "usr")))
        self.assertEqual([], self.made())

    def test_nothing_is_promised_that_nothing_would_install(self):
        self.sudo(0)
        self.refusal(self.request(dry=True, sources=("system",)))
        done = self.tools(self.request(dry=True, sources=("system", "packages")), names=["python3-hello"])
        self.assertEqual(([], ["python3-hello"], False), (done.outcomes, done.packages, done.changed))
        # As if those had been installed, which check mode does not.
        (outcome,) = self.dry(sources=("packages",), packaged=True).outcomes
        self.assertEqual(("/usr/bin/hello", True), (outcome.executable, outcome.changed))

    @HAS_PROGRAM
    def test_a_link_that_would_be_made_is_told_and_not_made(self):
        self.become(0)
        folder = os.path.join(self.folder, "local-bin")
        asked = {"link": True, "executable": PROGRAM}
        (outcome,) = self.dry(**asked).outcomes
        self.assertFalse(os.path.lexists(folder))
        self.assertEqual((True, folder + "/env"), (outcome.changed, outcome.link))
        (outcome,) = self.tools(self.request(**asked)).outcomes
        self.assertEqual((True, folder + "/env"), (outcome.changed, outcome.link))
        self.assertEqual(PROGRAM, os.readlink(folder + "/env"))
