"""What only a checkout has: its locks, and the image side's environment."""

import os
import sys
import unittest

from testnode_python import checkout, precache, receipts
from testnode_python.errors import NotReadyError, UsageError

from tests.support.nodes import InAFolder, clean_environ

NEW_ENOUGH = unittest.skipUnless(sys.version_info >= (3, 10), "the image side needs Python 3.10")
READS_TOML = unittest.skipUnless(sys.version_info >= (3, 11), "this Python cannot read TOML")
ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir))


def pretend_installed(test):
    """Have the package lie where pip would put it."""
    test.addCleanup(setattr, checkout, "__file__", checkout.__file__)
    checkout.__file__ = os.path.join(
        test.folder, "python3", "site-packages", "testnode_python", "checkout.py"
    )


class FolderTest(InAFolder):
    """Whether this is a checkout."""

    def test_it_is_the_one_that_the_package_lies_in(self):
        self.assertEqual(ROOT, os.path.realpath(checkout.folder()))

    def test_an_installed_package_has_none(self):
        self.addCleanup(setattr, checkout, "__file__", checkout.__file__)
        checkout.__file__ = os.path.join(
            self.folder, "lib", "site-packages", "testnode_python", "checkout.py"
        )
        self.assertEqual("", checkout.folder())


class OldPythonTest(unittest.TestCase):
    """The image side needs a newer Python than the node side."""

    def test_a_python_that_is_too_old_is_told_with_another_way_to_start(self):
        self.addCleanup(setattr, checkout, "OLDEST_FOR_BUILDER", checkout.OLDEST_FOR_BUILDER)
        checkout.OLDEST_FOR_BUILDER = (9, 1)
        with self.assertRaises(UsageError) as caught:
            checkout.refuse_old_python()
        self.assertEqual(
            "precaches are built with Python 9.1 or newer, this is {}.{}".format(*sys.version_info[:2]),
            caught.exception.cause,
        )
        self.assertIn("python3.12 testnode-python precache", caught.exception.cure)

    @NEW_ENOUGH
    def test_one_that_is_new_enough_passes(self):
        self.assertIsNone(checkout.refuse_old_python())


@READS_TOML
class LockTest(unittest.TestCase):
    """The committed locks, read without the image side's libraries."""

    def test_a_lock_is_read_with_every_wheel_that_it_admits(self):
        lock = checkout.lock_of("tox")
        if lock is None:
            self.skipTest("there is no lock for this Python")
        names = {wheel.name for wheel in lock.wheels}
        self.assertLessEqual({"tox", "virtualenv", "packaging"}, names)
        self.assertEqual({lock.version}, {wheel.version for wheel in lock.wheels if wheel.name == "tox"})
        for wheel in lock.wheels:
            self.assertRegex(wheel.sha256, "^[0-9a-f]{64}$")
            self.assertRegex(wheel.file, r"^[A-Za-z0-9_.+-]+\.whl$")

    def test_a_tool_without_a_lock_has_none(self):
        self.assertIsNone(checkout.lock_of("no-such-tool"))

    def test_the_image_sides_lock_has_the_pip_of_its_environment(self):
        lock = checkout._builder_lock()
        if lock is None:
            self.skipTest("there is no lock for this Python")
        names = {wheel.name for wheel in lock.wheels}
        self.assertLessEqual({"requests", "packaging", "rich", "uv", "pip"}, names)
        self.assertNotIn("setuptools", names)

    def test_where_there_is_no_lock_of_pip_there_is_none_at_all(self):
        self.addCleanup(setattr, checkout, "PIP", checkout.PIP)
        checkout.PIP = "no-such-tool"
        self.assertIsNone(checkout._builder_lock())

    def test_a_python_without_a_reader_of_toml_takes_the_newest(self):
        self.addCleanup(sys.modules.pop, "tomllib")
        sys.modules["tomllib"] = None
        self.assertIsNone(checkout.lock_of("pip"))


@NEW_ENOUGH
class BuilderCommandTest(InAFolder):
    """The program that runs the image side."""

    def setUp(self):
        super().setUp()
        self.announced = []
        # Not what this machine has.
        self.addCleanup(setattr, precache, "DEFAULT_PATH", precache.DEFAULT_PATH)
        precache.DEFAULT_PATH = os.path.join(self.folder, "no-precache")
        self.environ = clean_environ(self.folder, XDG_CACHE_HOME=os.path.join(self.folder, "cache"))
        self.environ["PIP_INDEX_URL"] = "file://{}/empty-index".format(self.folder)
        self.name = "builder-{}.{}".format(*sys.version_info[:2])

    def command(self):
        return checkout.builder_command(self.environ, self.announced.append)

    def test_an_environment_that_cannot_be_made_tells_every_rung(self):
        with self.assertRaises(NotReadyError) as caught:
            self.command()
        self.assertIn("empty-index", str(caught.exception))
        place = os.path.join(self.folder, "cache", "testnode-python", self.name)
        self.assertEqual(["making an environment for the image side at {} ...".format(place)], self.announced)
        self.assertFalse(os.path.lexists(place))

    def test_without_a_cache_folder_of_their_own_it_lies_in_the_home(self):
        del self.environ["XDG_CACHE_HOME"]
        with self.assertRaises(NotReadyError):
            self.command()
        self.assertIn(os.path.join(self.folder, ".cache", "testnode-python"), self.announced[0])

    def test_one_that_agrees_with_the_lock_is_used_at_once(self):
        place = self.environment()
        command = self.command()
        self.assertEqual(os.path.join(place, "bin", "python"), command[0])
        self.assertEqual([os.path.realpath(ROOT + "/testnode-python")], [os.path.realpath(command[1])])
        self.assertEqual([], self.announced)

    def environment(self):
        """Make what an earlier call would have left, as far as its receipt."""
        lock = checkout._builder_lock()
        if lock is None:
            self.skipTest("there is no lock for this Python")
        folder = os.path.join(self.folder, "cache", "testnode-python")
        tree = os.path.join(folder, ".{}-0123abcd".format(self.name))
        os.makedirs(tree + "/bin")
        os.chmod(tree, 0o755)
        python = os.path.realpath(sys.executable)
        os.symlink(python, tree + "/bin/python")
        packages = [receipts.Package(wheel.name, wheel.version, wheel.sha256) for wheel in lock.wheels]
        made = receipts.Receipt(
            tool="builder",
            request="",
            command="python",
            version=lock.version,
            source="mirror",
            origin="a mirror",
            locked="",
            python=python,
            series="{}.{}".format(*sys.version_info[:2]),
            made="2026-11-05T01:02:03+00:00",
            packages=packages,
        )
        receipts.write(tree, made)
        os.symlink(os.path.basename(tree), os.path.join(folder, self.name))
        return os.path.join(folder, self.name)

    def test_within_that_environment_nothing_is_made(self):
        place = self.environment()
        self.addCleanup(setattr, sys, "prefix", sys.prefix)
        sys.prefix = place
        self.assertEqual([], self.command())

    def test_an_installed_package_makes_none(self):
        self.addCleanup(setattr, checkout, "__file__", checkout.__file__)
        checkout.__file__ = os.path.join(
            self.folder, "lib", "site-packages", "testnode_python", "checkout.py"
        )
        self.assertEqual([], self.command())
