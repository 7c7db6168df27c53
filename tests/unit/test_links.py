"""Global links: what may be one, and what is in their way."""

import os
import tempfile
import unittest
from unittest import mock

from testnode_python import links
from testnode_python.errors import Error, PlaceError

from tests.support.nodes import InAFolder, clean_environ

ROOT = os.geteuid() == 0
AS_ROOT = unittest.skipUnless(ROOT, "needs root to make files that are root's all the way")
# A program of the system, which is root's all the way.
PROGRAM = "/usr/bin/env"
HAS_PROGRAM = unittest.skipUnless(
    os.path.exists(PROGRAM) and os.lstat(PROGRAM).st_uid == os.stat("/").st_uid == 0,
    "there is no program here that is root's",
)


class LinksCase(InAFolder):
    """What the tests below share: a folder for links, and who makes them."""

    def setUp(self):
        super().setUp()
        self.bin = os.path.join(self.folder, "local", "bin")
        self.link = os.path.join(self.bin, "env")

    def become(self, uid):
        patch = mock.patch.object(os, "geteuid", lambda: uid)
        patch.start()
        self.addCleanup(patch.stop)

    def environ(self, *folders):
        return clean_environ(self.folder, *(folders or (self.folder + "/no-bin",)))

    def make(self, program=PROGRAM, **options):
        return links.make(program, self.environ(), self.bin, **options)

    def refusal(self, program, error=Error):
        with self.assertRaises(error) as caught:
            self.make(program)
        return caught.exception

    def in_the_way(self, target):
        """Make the folder, and in it a link that leads somewhere."""
        os.makedirs(self.bin)
        os.symlink(target, self.link)


@HAS_PROGRAM
class MakeTest(LinksCase):
    """A link for root to make."""

    def setUp(self):
        super().setUp()
        self.become(0)

    def test_a_link_is_made_with_the_folders_on_its_way(self):
        self.assertEqual(self.link, self.make())
        self.assertEqual(PROGRAM, os.readlink(self.link))
        self.assertEqual(["env"], os.listdir(self.bin))

    def test_the_programs_path_is_kept_as_it_is_named(self):
        # What it is named by stays when the tree behind it is swapped.
        program = "/usr/bin/../bin/env"
        self.assertEqual(self.link, self.make(program))
        self.assertEqual(program, os.readlink(self.link))

    def test_none_is_made_where_the_bare_name_leads_there_already(self):
        self.assertEqual("", links.make(PROGRAM, self.environ("/usr/bin"), self.bin))
        self.assertFalse(os.path.lexists(self.bin))

    def test_one_that_is_right_already_is_left_as_it_is(self):
        self.make()
        before = os.lstat(self.link)
        self.assertEqual("", links.make(PROGRAM, self.environ(self.bin), self.bin))
        # sudo of RHEL has no /usr/local/bin on its PATH.
        self.assertEqual("", self.make())
        self.assertEqual((before.st_ino, before.st_mtime), self.facts())

    def facts(self):
        return os.lstat(self.link).st_ino, os.lstat(self.link).st_mtime

    def test_one_that_leads_elsewhere_or_nowhere_is_replaced(self):
        for target in ("/bin/sh", "/nonexistent/env", "env"):
            with self.subTest(target):
                os.makedirs(self.bin, exist_ok=True)
                if os.path.lexists(self.link):
                    os.unlink(self.link)
                os.symlink(target, self.link)
                self.assertEqual(self.link, self.make())
                self.assertEqual(PROGRAM, os.readlink(self.link))

    def test_what_a_killed_one_left_is_no_obstacle(self):
        self.in_the_way("/bin/sh")
        os.symlink("/nowhere", os.path.join(self.bin, ".env.new"))
        self.assertEqual(self.link, self.make())
        self.assertEqual(["env"], os.listdir(self.bin))

    def test_what_is_no_link_stays_and_is_named(self):
        path = self.write("local/bin/env", "theirs")
        error = self.refusal(PROGRAM, PlaceError)
        self.assertEqual((path, True), (error.path, error.cause.startswith(path + " is there already")))
        self.assertIn("remove it, or ask for the tool without a global link", error.cure)
        with open(path) as file:
            self.assertEqual("theirs", file.read())
        self.assertEqual(["env"], os.listdir(self.bin))

    def test_where_none_can_be_made_the_reason_is_told(self):
        for folder, words in ((self.write("file", ""), "File exists"), ("/proc/self", "")):
            with self.subTest(folder), self.assertRaises(PlaceError) as caught:
                links.make(PROGRAM, self.environ(), folder)
            path = os.path.join(folder, "env")
            self.assertEqual(path, caught.exception.path)
            self.assertIn("the link {} cannot be made: {}".format(path, words), caught.exception.cause)

    def test_what_would_be_made_is_told_without_making_it(self):
        self.assertEqual(self.link, self.make(dry=True))
        self.assertFalse(os.path.lexists(self.bin))
        self.in_the_way("/bin/sh")
        self.assertEqual(self.link, self.make(dry=True))
        self.assertEqual("/bin/sh", os.readlink(self.link))
        self.make()
        self.assertEqual("", self.make(dry=True))

    def test_an_environments_python_is_refused(self):
        for name in ("python", "python3", "python3.11"):
            with self.subTest(name):
                error = self.refusal("/usr/bin/" + name)
                self.assertIn("/usr/bin/{} is an environment's Python".format(name), error.cause)
        self.assertFalse(os.path.lexists(self.bin))
        # A name that only begins so is one like any other.
        self.assertIn("cannot be read", self.refusal("/nonexistent/python3-thing").cause)


class FaultTest(LinksCase):
    """What everybody runs is root's alone."""

    def test_what_somebody_else_may_write_is_refused_and_no_link_made(self):
        program = self.script("hello", "exit 0")
        os.chmod(program, 0o777)
        for uid in (0, 1000):
            self.become(uid)
            error = self.refusal(program)
            self.assertRegex(error.cause, "^/.* (may be written by others|belongs to user).*")
            self.assertIn(": a global link leads only to what is root's alone", error.cause)
        self.assertFalse(os.path.lexists(self.bin))

    @HAS_PROGRAM
    def test_who_is_not_root_needs_it_on_the_path_already(self):
        self.become(1000)
        words = PROGRAM + " does not run by its bare name"
        self.assertEqual(words, links.fault(PROGRAM, self.environ()))
        self.assertEqual(words, self.refusal(PROGRAM).cause)
        self.assertFalse(os.path.lexists(self.bin))
        self.assertEqual("", links.fault(PROGRAM, self.environ("/usr/bin")))
        self.become(0)
        self.assertEqual("", links.fault(PROGRAM, self.environ()))


@AS_ROOT
@unittest.skipUnless(os.stat("/var/lib").st_mode & 0o022 == 0, "/var/lib is not root's alone")
class FaultOnTheWayTest(LinksCase):
    """The same in a folder that is root's all the way, where one thing is wrong."""

    def setUp(self):
        patch = mock.patch.object(tempfile, "tempdir", "/var/lib")
        patch.start()
        self.addCleanup(patch.stop)
        super().setUp()
        self.program = self.script("tool-env/bin/hello", "exit 0")
        os.chmod(self.folder, 0o755)

    def test_nothing_is_wrong_with_what_is_roots(self):
        self.assertEqual("", links.fault(self.program, self.environ()))
        self.assertEqual(os.path.join(self.bin, "hello"), self.make(self.program))

    def test_any_step_on_the_way_may_be_at_fault(self):
        for name in ("tool-env/bin/hello", "tool-env/bin", "tool-env", ""):
            path = os.path.join(self.folder, name).rstrip("/")
            with self.subTest(name):
                os.chown(path, 1000, 1000)
                self.assertIn(path + " belongs to user 1000, not to root", self.refusal(self.program).cause)
                os.chown(path, 0, 0)
                os.chmod(path, 0o775)
                self.assertIn(path + " may be written by others", self.refusal(self.program).cause)
                os.chmod(path, 0o755)
        self.assertFalse(os.path.lexists(self.bin))

    def test_so_may_the_relative_parts_of_links(self):
        os.symlink("tool-env", self.folder + "/by-name")
        os.symlink("../by-name/bin/hello", self.folder + "/tool-env/hello")
        program = self.folder + "/tool-env/hello"
        self.assertEqual("", links.fault(program, self.environ()))
        os.chown(self.folder + "/by-name", 1000, 1000, follow_symlinks=False)
        self.assertIn("/by-name belongs to user 1000", links.fault(program, self.environ()))


class IsOnPathTest(LinksCase):
    """What a shell runs by the bare name."""

    def test_it_is_the_first_on_the_path_that_counts(self):
        one, two = (self.script(name + "/hello", "exit 0") for name in ("one", "two"))
        environ = self.environ(self.folder + "/one", self.folder + "/two")
        self.assertTrue(links.is_on_path(one, environ))
        self.assertFalse(links.is_on_path(two, environ))
        os.chmod(one, 0o644)
        self.assertTrue(links.is_on_path(two, environ))

    def test_a_link_counts_as_what_it_leads_to(self):
        program = self.script("tool-env/bin/hello", "exit 0")
        os.makedirs(self.bin)
        os.symlink(program, self.bin + "/hello")
        self.assertTrue(links.is_on_path(program, self.environ(self.bin)))
        self.assertFalse(links.is_on_path(program, self.environ()))

    @HAS_PROGRAM
    def test_without_a_path_it_is_the_systems(self):
        with mock.patch.dict(os.environ, {"PATH": self.folder}):
            self.assertTrue(links.is_on_path(PROGRAM, {}))
