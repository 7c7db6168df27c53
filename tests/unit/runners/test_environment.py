"""A venv is made and wheels are installed into it."""

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import zipfile

from testnode_python import environments, wheels
from testnode_python.commands import Deadline
from testnode_python.errors import CommandError
from testnode_python.runners import environment

from tests.support.nodes import InAFolder, clean_environ
from tests.support.precaches import HasPrecache
from tests.support.wheels import make_tool, make_wheel

SITE = os.path.join("lib", "python{}.{}".format(*sys.version_info[:2]), "site-packages")


def output_of(*argv):
    """Return what a program prints that sees no variables but a home, without which pip does not start."""
    environ = {"HOME": "/nonexistent"}
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=True, env=environ, cwd="/")
    return done.stdout.decode().strip()


class SharesTest(InAFolder):
    """The work is divided evenly, and none of it lost."""

    def wheel(self, name, files):
        return make_wheel(self.folder, name, "1", {"{}/m{}.py".format(name, n): "" for n in range(files)})

    def test_the_biggest_one_is_weighed_against_the_others(self):
        big, *small = [
            self.wheel(name, files) for name, files in (("a", 90), ("b", 30), ("c", 20), ("d", 10))
        ]
        shares = environment.shares_of(small + [big])
        self.assertEqual([[big], sorted(small)], sorted(map(sorted, shares), key=len))

    def test_every_wheel_is_in_one_share(self):
        made = [self.wheel("w{}".format(number), number) for number in range(7)]
        first, second = environment.shares_of(made)
        self.assertEqual(sorted(made), sorted(first + second))
        self.assertLessEqual(abs(len(first) - len(second)), 3)

    def test_few_wheels_may_leave_a_share_empty(self):
        one = self.wheel("one", 1)
        self.assertEqual(([one], []), environment.shares_of([one]))
        self.assertEqual(([], []), environment.shares_of([]))


class FillTest(HasPrecache):
    """The way the second rung goes: in the interpreter, from outside."""

    def setUp(self):
        super().setUp()
        self.tree = os.path.join(self.folder, "tree")
        os.mkdir(self.tree)
        self.lock = os.open(os.devnull, os.O_RDONLY)
        self.addCleanup(os.close, self.lock)
        self.opened = self.node().precache
        self.locks = next(iter(self.opened.manifest.targets.values())).tools

    def job(self, paths, shared=False):
        place = environments.Place(self.tree, shared)
        return wheels.environment_job(self.tree, place, paths, self.opened.wheels(self.locks["installer"]))

    def fill(self, job, **variables):
        environ = clean_environ(self.home, **variables)
        wheels.fill(job, sys.executable, Deadline(60), environ, self.lock)

    def test_the_tools_run_and_pip_works(self):
        paths = self.opened.wheels(self.locks["hello"]) + self.opened.wheels(self.locks["pip"])
        self.fill(self.job(paths))
        self.assertEqual("hello 1.0", output_of(self.tree + "/bin/hello", "--version"))
        listed = output_of(self.tree + "/bin/pip", "list", "--format=freeze", "--disable-pip-version-check")
        self.assertLessEqual({"hello==1.0", "greeting==2.0"}, set(listed.split()))

    def test_what_it_installed_says_who_did(self):
        self.fill(self.job(self.opened.wheels(self.locks["hello"])))
        for name in ("hello-1.0", "greeting-2.0"):
            with open(os.path.join(self.tree, SITE, name + ".dist-info", "INSTALLER")) as file:
                self.assertEqual("testnode-python\n", file.read())

    def test_nothing_in_it_refers_to_the_precache(self):
        self.fill(self.job(self.opened.wheels(self.locks["hello"])))
        for folder, _, files in os.walk(self.tree):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    self.assertNotIn(
                        self.precache.encode(), b"" if os.path.islink(path) else file.read(), path
                    )

    def test_without_wheels_it_is_an_empty_venv(self):
        self.fill(wheels.environment_job(self.tree, environments.Place(self.tree, False)))
        self.assertEqual([], os.listdir(os.path.join(self.tree, SITE)))
        self.assertEqual(
            self.tree, output_of(self.tree + "/bin/python", "-c", "import sys; print(sys.prefix)")
        )

    def test_a_shared_one_is_compiled_and_readable_by_all_whatever_the_umask(self):
        self.addCleanup(os.umask, os.umask(0o077))
        self.fill(self.job(self.opened.wheels(self.locks["hello"]), shared=True))
        self.assertTrue(os.listdir(os.path.join(self.tree, SITE, "__pycache__")))
        os.chmod(self.tree, 0o755)
        for folder, folders, files in os.walk(self.tree):
            for name in folders + files:
                mode = os.lstat(os.path.join(folder, name)).st_mode
                if not stat.S_ISLNK(mode):
                    wanted = 0o055 if stat.S_ISDIR(mode) else 0o044
                    self.assertEqual((wanted, 0), (mode & wanted, mode & 0o022), os.path.join(folder, name))

    def test_a_private_one_keeps_the_callers_umask_and_is_not_compiled(self):
        self.addCleanup(os.umask, os.umask(0o077))
        self.fill(self.job(self.opened.wheels(self.locks["hello"])))
        self.assertFalse(os.path.exists(os.path.join(self.tree, SITE, "__pycache__")))
        self.assertEqual(0, os.stat(os.path.join(self.tree, SITE, "hello.py")).st_mode & 0o077)

    def test_variables_of_the_caller_do_not_redirect_it(self):
        self.write("elsewhere/installer.py", "raise SystemExit('shadowed')")
        self.fill(
            self.job(self.opened.wheels(self.locks["hello"])),
            PYTHONPATH=self.folder + "/elsewhere",
            PYTHONHOME="/nonexistent",
            PIP_TARGET=self.folder + "/elsewhere",
        )
        self.assertEqual("hello 1.0", output_of(self.tree + "/bin/hello"))

    def test_a_wheel_that_is_damaged_is_told_whichever_process_has_it(self):
        good = self.opened.wheels(self.locks["hello"])[0]
        for padding in (0, 200):  # the smaller share goes to the other process
            with self.subTest(padding):
                with self.assertRaises(CommandError) as caught:
                    self.fill(self.job([good, self.unreadable("bad{}".format(padding), padding)]))
                self.assertIn("environment failed: ", caught.exception.cause)
                self.assertIn("Error", caught.exception.output)

    def unreadable(self, name, files):
        """Return a wheel without a RECORD: it can be counted but not installed."""
        path = make_wheel(self.folder, name, "1", {"{}/m{}.py".format(name, n): "" for n in range(files)})
        changed = path + ".new"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
            for member in old.namelist():
                if not member.endswith("/RECORD"):
                    new.writestr(member, old.read(member))
        os.replace(changed, path)
        return path


class InThisProcessTest(HasPrecache):
    """The same without a process between, for what it leaves in the one that it runs in."""

    def setUp(self):
        super().setUp()
        before = list(sys.path)
        self.addCleanup(sys.path.__setitem__, slice(None), before)
        self.umask = os.umask(0o022)
        os.umask(self.umask)
        self.addCleanup(os.umask, self.umask)
        self.tree = os.path.join(self.folder, "tree")

    def job(self, *paths, **changes):
        job = {"path": self.tree, "wheels": list(paths), "installer": [], "umask": None, "compile": False}
        return dict(job, **changes)

    def test_wheels_of_both_shares_are_installed(self):
        made = [make_tool(self.folder, name, "1.0") for name in ("one", "two", "three")]
        environment.main(self.job(*made, umask=0o027, compile=True))
        for name in ("one", "two", "three"):
            self.assertEqual(name + " 1.0", output_of(os.path.join(self.tree, "bin", name)))
            self.assertEqual(0o640, os.stat(os.path.join(self.tree, SITE, name + ".py")).st_mode & 0o777)
        self.assertEqual(3, len(os.listdir(os.path.join(self.tree, SITE, "__pycache__"))))

    def test_without_wheels_it_is_an_empty_venv(self):
        environment.main(self.job())
        self.assertEqual([], os.listdir(os.path.join(self.tree, SITE)))

    def test_the_installers_wheels_come_first_on_the_path(self):
        environment.main(self.job(make_tool(self.folder, "one", "1.0"), installer=["/first", "/second"]))
        self.assertEqual(["/first", "/second"], sys.path[:2])

    def test_where_either_process_fails_the_job_fails_and_tells_why(self):
        made = [make_tool(self.folder, name, "1.0") for name in ("one", "two")]
        ours, others = environment.shares_of(made)
        for (path,), failure in ((ours, FileExistsError), (others, SystemExit)):
            name = os.path.basename(path).split("-")[0]
            # Its module's place is taken.
            self.write(os.path.join("tree", SITE, name + ".py"), "")
            with self.subTest(failure.__name__), self.quiet() as said:
                with self.assertRaises(failure):
                    environment.main(self.job(*made))
            shutil.rmtree(self.tree)
            with open(said) as file:
                self.assertEqual(failure is SystemExit, "FileExistsError: " in file.read())

    @contextlib.contextmanager
    def quiet(self):
        """Catch what this process and its children say on standard error in a file."""
        path = os.path.join(self.folder, "said")
        kept, kept_stream = os.dup(2), sys.stderr
        with open(path, "w") as stream:
            os.dup2(stream.fileno(), 2)
            sys.stderr = stream
            try:
                yield path
            finally:
                sys.stderr = kept_stream
                os.dup2(kept, 2)
                os.close(kept)
