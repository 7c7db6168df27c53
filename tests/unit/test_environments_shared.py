"""Environments beside others: several makers, several users, a disk with an end."""

import contextlib
import fcntl
import os
import pathlib
import resource
import shutil
import stat
import subprocess
import sys
import threading
import unittest

from testnode_python import environments
from testnode_python.commands import Deadline
from testnode_python.errors import Error, PlaceError

from tests.support.environments import EnvironmentCase, open_text
from tests.support.precaches import HasPrecache, describe
from tests.support.wheels import make_tool

ROOT = os.geteuid() == 0
AS_ROOT = unittest.skipUnless(ROOT, "needs root")
AS_USER = unittest.skipIf(ROOT, "root may write everywhere")


class LockTest(EnvironmentCase):
    """One maker at a time."""

    def test_it_is_held_and_let_go(self):
        with environments.locked(self.place, Deadline(5)) as descriptor:
            self.assertFalse(self.is_free())
            self.assertFalse(os.get_inheritable(descriptor))
        self.assertTrue(self.is_free())

    def test_it_is_let_go_after_an_error(self):
        with contextlib.suppress(Error), environments.locked(self.place, Deadline(5)):
            raise Error("no")
        self.assertTrue(self.is_free())

    def is_free(self):
        with open(self.place.lock) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def test_a_child_that_inherits_it_holds_it_on(self):
        with environments.locked(self.place, Deadline(5)) as descriptor:
            child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[descriptor])
        self.assertFalse(self.is_free())
        child.communicate()
        self.assertTrue(self.is_free())

    def test_who_waits_too_long_says_for_how_long(self):
        with environments.locked(self.place, Deadline(5)):
            with self.assertRaises(PlaceError) as caught:
                with environments.locked(self.place, Deadline(0.1)):
                    self.fail("locked twice")
        self.assertIn("another caller has been making {}".format(self.path), caught.exception.cause)
        self.assertIn("--timeout", caught.exception.cure)

    def test_who_waits_gets_it_when_it_is_let_go(self):
        order = []

        def wait():
            with environments.locked(self.place, Deadline(5)):
                order.append("second")

        waiting = threading.Thread(target=wait)
        with environments.locked(self.place, Deadline(5)):
            waiting.start()
            waiting.join(0.1)
            order.append("first")
        waiting.join(5)
        self.assertEqual(["first", "second"], order)

    def test_a_link_in_place_of_the_lock_is_not_followed(self):
        precious = self.write("precious", "theirs")
        os.symlink(precious, self.place.lock)
        with self.assertRaisesRegex(PlaceError, "Too many levels of symbolic links"):
            self.make()
        os.unlink(precious)
        with self.assertRaises(PlaceError):
            self.make()
        self.assertFalse(os.path.exists(precious))

    def test_it_is_never_deleted(self):
        self.make()
        before = os.stat(self.place.lock).st_ino
        self.make("2.0")
        self.assertEqual(before, os.stat(self.place.lock).st_ino)


class UnwritableTest(EnvironmentCase):
    """Where nothing can be written, the sentence says what to do."""

    def assert_unwritable(self, path, words):
        with self.assertRaises(PlaceError) as caught:
            self.make(place=environments.Place(path, shared=False))
        self.assertIn("{} cannot be made: {}".format(path, words), caught.exception.cause)
        return caught.exception

    def test_a_file_on_the_way(self):
        self.write("file", "")
        self.assert_unwritable(self.folder + "/file/hello", "")

    @AS_USER
    def test_a_parent_that_may_not_be_written(self):
        os.mkdir(self.folder + "/locked", 0o555)
        for path in (self.folder + "/locked/hello", self.folder + "/locked/more/hello"):
            self.assertIn("--venv", self.assert_unwritable(path, "Permission denied").cure)

    @AS_ROOT
    def test_a_parent_that_may_not_be_written_by_another_user(self):
        os.chmod(self.folder, 0o755)
        self.addCleanup(os.seteuid, 0)
        os.seteuid(1000)
        for path in (self.folder + "/hello", self.folder + "/more/hello"):
            self.assertIn("--venv", self.assert_unwritable(path, "Permission denied").cure)

    @unittest.skipUnless(os.path.isdir("/proc/self"), "no file system without write access at hand")
    def test_a_file_system_that_cannot_be_written(self):
        self.assert_unwritable("/proc/self/hello", "")

    def test_a_parent_that_is_not_there_is_made(self):
        self.make(place=environments.Place(self.folder + "/a/b/hello", shared=False))
        self.assertEqual("1.0", open_text(self.folder + "/a/b/hello/version"))


class SharedTest(HasPrecache):
    """What others are to run they can, whatever the umask."""

    def setUp(self):
        super().setUp()
        self.addCleanup(os.umask, os.umask(0o077))
        os.chmod(self.folder, 0o755)
        self.venv = os.path.join(self.folder, "opt", "tools", "hello")

    @AS_ROOT
    def test_all_of_it_is_readable_by_all_and_compiled(self):
        outcome = self.ensure(venv=self.venv)
        self.assertEqual("precache", outcome.source)
        tree = os.path.realpath(self.venv)
        closed = [path for path in walk(tree) if not is_open(path)]
        self.assertEqual([], closed)
        for parent in (os.path.dirname(self.venv), os.path.dirname(os.path.dirname(self.venv))):
            self.assertEqual(0o755, os.stat(parent).st_mode & 0o777, parent)
        names = {os.path.basename(path) for path in walk(tree) if path.endswith(".pyc")}
        self.assertIn("hello.cpython-{}{}.pyc".format(*sys.version_info[:2]), names)
        hello = os.path.join(self.venv, "bin", "hello")
        if as_user([sys.executable, "-c", ""]) is None:
            self.skipTest("who is not root cannot run this Python")
        self.assertEqual(b"hello 1.0\n", as_user([hello, "--version"]))

    def test_what_is_ones_own_follows_the_umask_and_is_compiled_for_its_start(self):
        outcome = self.ensure()
        self.assertEqual("precache", outcome.source)
        tree = os.path.realpath(outcome.environment)
        self.assertEqual(0o700, os.stat(tree).st_mode & 0o777)
        compiled = [path for path in walk(tree) if os.path.basename(path).startswith("hello.cpython")]
        self.assertEqual(1, len(compiled))
        self.assertEqual(0o600, os.stat(compiled[0]).st_mode & 0o777)
        # What no start of the tool needs is left to who needs it.
        self.assertEqual([], [path for path in walk(tree) if "/pip/" in path and path.endswith(".pyc")])

    def test_what_is_made_under_an_open_umask_is_believed_all_the_same(self):
        os.umask(0)
        self.assertEqual("precache", self.ensure().source)
        again = self.ensure()
        self.assertEqual(("system", False), (again.source, again.changed))
        self.assertIn("made from the precache", again.attempts[0].reason)


class FullDiskTest(HasPrecache):
    """A disk that takes no more leaves the old state, and says what to do."""

    def setUp(self):
        super().setUp()
        self.hello = os.path.join(self.home, ".local", "hello", "bin", "hello")
        self.old = os.path.join(self.folder, "old-precache")
        shutil.copytree(self.precache, self.old)
        new = make_tool(os.path.join(self.precache, "wheels"), "hello", "2.0")
        os.chmod(new, 0o644)
        entry = dict(describe(new)._asdict())

        def change(data):
            for target in data["targets"].values():
                target["tools"]["hello"].update(version="2.0", wheels=[entry])

        self.change_manifest(change)

    def call(self, *before, **options):
        """Run a command with the words that ask for the tool; by default run these."""
        launcher = str(pathlib.Path(__file__).resolve().parents[2] / "testnode-python")
        words = [sys.executable, launcher, "ensure", "hello", "--sources", "precache"]
        process = subprocess.Popen(
            list(before) + words + ["--python", sys.executable],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        output, errors = process.communicate(timeout=60)
        return process.returncode, output.decode(), errors.decode()

    def test_a_limit_on_the_size_of_files(self):
        self.assertEqual("1.0", self.ensure(precache=self.old).version)
        tree = os.readlink(os.path.dirname(os.path.dirname(self.hello)))

        def limit():
            # The wheel of pip holds larger files.
            resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000))

        environ = dict(self.environ(), PRECACHE=self.precache)
        argv = ["/bin/sh", "-c", '"$@" --precache "$PRECACHE"', "sh"]
        status, output, errors = self.call(*argv, env=environ, preexec_fn=limit)
        self.assertEqual((1, ""), (status, output))
        self.assertIn("File too large", errors)
        self.assertEqual(b"hello 1.0\n", subprocess.check_output([self.hello, "--version"]))
        self.assertEqual({".hello.lock", tree, "hello"}, set(os.listdir(self.home + "/.local")))
        self.assertEqual(0, self.call(*argv, env=environ)[0])
        self.assertEqual(b"hello 2.0\n", subprocess.check_output([self.hello, "--version"]))

    @AS_ROOT
    def test_a_file_system_without_room(self):
        script = """
            mount -t tmpfs -o size=64m none "$HOME" || exit 77
            "$@" --precache "$OLD" || exit 78
            ls -A "$HOME/.local"
            head -c 100m /dev/zero > "$HOME/ballast" 2> /dev/null
            truncate -s -1M "$HOME/ballast"
            "$@" --precache "$NEW"
            echo "status $?"
            "$HOME/.local/hello/bin/hello" --version
            ls -A "$HOME/.local"
        """
        environ = dict(self.environ(), OLD=self.old, NEW=self.precache)
        environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
        status, output, errors = self.call("unshare", "--mount", "sh", "-c", script, "sh", env=environ)
        if status in (1, 77) and not output:
            self.skipTest("no file system can be mounted here: " + errors)
        lines = output.splitlines()
        self.assertEqual(self.hello, lines[0], errors)
        before = lines[1 : lines.index("status 1")]
        self.assertEqual(3, len(before))
        self.assertEqual(["hello 1.0"] + before, lines[lines.index("status 1") + 1 :])
        self.assertIn("No space left on device", errors)
        self.assertIn("free some space", errors)


def as_user(argv):
    """Run a program as an ordinary user; return what it prints, or None where it cannot be run."""

    def become_user():
        os.setgid(1000)
        os.setuid(1000)

    try:
        return subprocess.check_output(argv, preexec_fn=become_user, cwd="/", stderr=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None


def is_open(path):
    """Say whether all may read a file, or enter a folder."""
    mode = os.lstat(path).st_mode
    needed = 0o055 if stat.S_ISDIR(mode) else 0o044
    return stat.S_ISLNK(mode) or mode & needed == needed


def walk(top):
    """Return a folder and all that is in it."""
    found = [top]
    for folder, folders, files in os.walk(top):
        found += [os.path.join(folder, name) for name in folders + files]
    return found
