"""A venv is made and wheels are installed into it."""

import contextlib
import os
import pathlib
import stat
import subprocess
import sys
import time
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

    def test_the_biggest_wheel_comes_first(self):
        few, most, some = [self.wheel(name, files) for name, files in (("a", 10), ("b", 90), ("c", 30))]
        self.assertEqual([most, some, few], environment.biggest_first([few, most, some]))

    def done_by(self, count):
        """Let two processes do some work; return what each did, by its process id."""

        def work(item):
            # Appended in one write(2): two processes may do so at once.
            line = "{} {}\n".format(os.getpid(), item).encode()
            log = os.open(os.path.join(self.folder, "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(log, line)
            os.close(log)

        self.write("log", "")
        environment.in_two_processes(work, list(range(count)))
        done = {}
        with open(os.path.join(self.folder, "log")) as log:
            for line in log:
                done.setdefault(*line.split()[:1], []).append(int(line.split()[1]))
        return done

    def test_every_item_is_done_once(self):
        for count in (0, 1, 2, 500, environment._TURNS * 2 + 3):
            with self.subTest(count):
                self.assertEqual(list(range(count)), sorted(sum(self.done_by(count).values(), [])))

    def test_both_processes_work_at_once(self):
        def meet(item):
            # Whoever has one waits for who has the other.
            self.write("here-{}".format(os.getpid()), "")
            end = time.monotonic() + 30
            while len([name for name in os.listdir(self.folder) if name.startswith("here-")]) < 2:
                self.assertLess(time.monotonic(), end, "nobody else came")
                time.sleep(0.01)

        environment.in_two_processes(meet, [1, 2])
        self.assertTrue(os.path.exists(os.path.join(self.folder, "here-{}".format(os.getpid()))))


class NeededTest(InAFolder):
    """What a program imports when it starts, told from its statements alone."""

    def needed(self, script):
        path = self.write("bin/tool", script, 0o755)
        site = os.path.join(self.folder, "site")
        return {os.path.relpath(file, site) for file in environment.needed_by(path, site)}

    def test_what_the_modules_import_themselves_is_followed(self):
        self.write("site/tool/__init__.py", "")
        self.write(
            "site/tool/run.py",
            "import os\nfrom tool import parts\nfrom .deep.down import (\n  a,  # b\n  c,\n)\n",
        )
        self.write("site/tool/parts.py", "import one.two as three, four\n")
        self.write("site/tool/deep/__init__.py", "")
        self.write("site/tool/deep/down.py", "from .. import beside\nfrom ..run import main")
        self.write("site/tool/beside.py", "")
        self.write("site/one/__init__.py", "")
        self.write("site/one/two.py", "def later():\n    import five\n")
        self.write("site/four.py", "")
        self.write("site/five.py", "")
        self.write("site/tool/unasked.py", "")
        names = "tool/__init__ tool/run tool/parts tool/deep/__init__ tool/deep/down tool/beside"
        names += " one/__init__ one/two four"
        expected = {name + ".py" for name in names.split()}
        self.assertEqual(expected, self.needed("#!/usr/bin/python3\nimport sys\nfrom tool.run import main\n"))

    def test_what_is_no_script_or_imports_nothing_of_the_environment_needs_nothing(self):
        self.write("site/tool.py", "")
        self.assertEqual(set(), self.needed("\x7fELF\nimport tool\n"))
        self.assertEqual(set(), self.needed("#!/usr/bin/python3\nimport sys\n"))

    def test_statements_that_make_no_sense_are_passed_over(self):
        self.write(
            "site/tool.py", "from ..... import a\nfrom . import b\nimport\nimport .\nfrom .. import ..\n"
        )
        self.assertEqual({"tool.py"}, self.needed("#!/usr/bin/python3\nimport tool\n"))

    def test_names_lead_nowhere_outside(self):
        self.write("secret.py", "")
        self.assertEqual(set(), self.needed("#!/usr/bin/python3\nimport ..secret, ../secret, /secret\n"))


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
        installer = self.opened.wheels(self.locks["installer"])
        return wheels.environment_job(self.tree, place, paths, installer, "hello")

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

    def test_a_private_one_keeps_the_callers_umask(self):
        self.addCleanup(os.umask, os.umask(0o077))
        self.fill(self.job(self.opened.wheels(self.locks["hello"])))
        self.assertEqual(0, os.stat(os.path.join(self.tree, SITE, "hello.py")).st_mode & 0o077)

    def test_of_a_private_one_is_compiled_what_its_first_start_would_compile(self):
        self.fill(self.job(self.opened.wheels(self.locks["hello"]) + self.opened.wheels(self.locks["pip"])))
        compiled = sorted(pathlib.Path(self.tree).rglob("*.pyc"))
        self.assertIn("hello", [path.name.partition(".")[0] for path in compiled])
        self.assertFalse([path for path in compiled if "pip" in path.parts])
        output_of(self.tree + "/bin/hello", "--version")
        self.assertEqual(compiled, sorted(pathlib.Path(self.tree).rglob("*.pyc")))

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
        return dict(job, command="one", **changes)

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
        parent = os.getpid()

        def fails_in(child):
            failed = os.path.join(self.folder, "failed-{}".format(child))

            def work(item):
                if (os.getpid() != parent) is child:
                    os.mkdir(failed)
                    raise FileExistsError("its place is taken")
                while not os.path.exists(failed):
                    time.sleep(0.01)

            return work

        for child, failure in ((False, FileExistsError), (True, SystemExit)):
            with self.subTest(failure.__name__), self.quiet() as said:
                with self.assertRaises(failure):
                    environment.in_two_processes(fails_in(child), [1, 2])
            with open(said) as file:
                self.assertEqual(child, "FileExistsError: " in file.read())

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
