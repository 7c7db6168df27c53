"""Wheels are installed into an interpreter's own site as pip would, or that is left to pip."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import unittest
import zipfile
from unittest import mock

from testnode_python.commands import Deadline
from testnode_python.errors import CommandError
from testnode_python.runners import AS_IN_A_SHELL, run_in, site_install

from tests.support.nodes import InAFolder, clean_environ
from tests.support.precaches import INSTALLER, HasPrecache
from tests.support.pythons import make_venv, site_of
from tests.support.wheels import make_tool, make_wheel

# What pip says and what we say, in a process of its own: each leaves a trace, and sysconfig keeps
# what it saw first of the variables.
ASK_BOTH = """
import json, runpy, sys
ours = [runpy.run_path(sys.argv[1])["scheme"](user) for user in (False, True)]
from pip._internal.locations import get_scheme
told = [get_scheme("one", user=user) for user in (False, True)]
print(json.dumps([[{"purelib": each.purelib, "scripts": each.scripts} for each in told], ours]))
"""
HAS_INSTALLER = unittest.skipIf(sys.version_info < (3, 7), "the last installer for 3.6 is another one")
BY_DISTUTILS = unittest.skipIf(sys.version_info >= (3, 10), "pip asks sysconfig")


class SchemeTest(InAFolder):
    """Where pip installs to."""

    def test_it_is_what_pip_says(self):
        argv = [sys.executable, "-W", "ignore", "-c", ASK_BOTH, site_install.__file__]
        told, ours = json.loads(subprocess.check_output(argv, universal_newlines=True))
        self.assertEqual(told, ours)

    def test_where_a_distribution_tells_pip_what_to_ask_it_is_left_to_pip(self):
        switched = sys.version_info < (3, 10)
        with mock.patch.object(sysconfig, "_PIP_USE_SYSCONFIG", switched, create=True):
            with self.assertRaisesRegex(site_install.DeclinedError, "told where"):
                site_install.scheme(False)

    @BY_DISTUTILS
    def test_where_distutils_is_configured_it_is_left_to_pip(self):
        self.write(".pydistutils.cfg", "[install]\noptimize = 1\n")
        with mock.patch.dict(os.environ, HOME=self.folder):
            with self.assertRaisesRegex(site_install.DeclinedError, "distutils is configured"):
                site_install.scheme(False)


class DeclinedTest(InAFolder):
    """What is left to pip, before anything is written."""

    def declined(self, *wheels):
        places = {name: os.path.join(self.folder, name) for name in ("purelib", "scripts")}
        umask = os.umask(0o022)
        try:
            with mock.patch.object(site_install, "scheme", lambda user: places):
                answer = site_install.main({"wheels": wheels, "installer": [], "user": False, "umask": None})
        finally:
            os.umask(umask)
        self.assertFalse(os.path.exists(places["scripts"]))
        return answer["declined"]

    def test_a_distribution_that_is_there(self):
        for there in ("one-0.9.dist-info/RECORD", "One-0.9.dist-info/INSTALLER", "one-0.9.egg-info/PKG-INFO"):
            with self.subTest(there):
                self.write("purelib/" + there, "x,,\n")
                self.assertIn("there is " + there.split("/")[0], self.declined("/x/one-1.0-py3-none-any.whl"))
                shutil.rmtree(os.path.join(self.folder, "purelib"))

    def test_what_a_killed_install_left_does_not_count_nor_what_is_only_called_alike(self):
        left = ("one-1.0.dist-info/METADATA", "one-2.0.dist-info/RECORD")
        for name in (*left, "one_more-1.0.dist-info/INSTALLER", "one/__init__.py"):
            self.write("purelib/" + name, "")
        site = os.path.join(self.folder, "purelib")
        found = sorted(site_install.leftovers("one", site))
        self.assertEqual([os.path.join(site, os.path.dirname(name)) for name in left], found)
        self.assertEqual([], site_install.leftovers("one", os.path.join(self.folder, "nowhere")))

    def test_wheels_that_are_no_plain_ones(self):
        self.assertIn("for one platform", self.declined("/x/one-1.0-cp311-cp311-linux_x86_64.whl"))
        wheel = make_wheel(self.folder, "one", "1.0", {"one-1.0.data/data/share/one": ""})
        self.assertIn("files for elsewhere", self.declined(wheel))
        wheel = make_wheel(self.folder, "two", "1.0", {"two.py": "", "three.py": ""})
        with mock.patch.object(site_install, "_MOST", 1):
            self.assertIn("too many files", self.declined(wheel))


class TwoProcessesTest(InAFolder):
    """One unpacks while the other one compiles what is there."""

    def run_both(self, unpack, count=200):
        sources = [os.path.join(self.folder, "m{}.py".format(number)) for number in range(count)]

        def unpack_all(written):
            for path in sources:
                with open(path, "w") as file:
                    file.write("x = 1\n")
                written(path)
            unpack()

        site_install.unpack_and_compile(unpack_all, sources)
        return os.listdir(os.path.join(self.folder, "__pycache__"))

    def test_each_source_is_compiled(self):
        self.assertEqual(200, len(self.run_both(lambda: None)))

    def test_the_other_process_does_not_wait_for_the_last_file(self):
        def wait():
            end = time.monotonic() + 30
            while not os.path.exists(os.path.join(self.folder, "__pycache__")):
                self.assertLess(time.monotonic(), end, "nothing was compiled meanwhile")
                time.sleep(0.01)

        self.run_both(wait, count=1)

    def test_where_either_fails_all_fails_and_nothing_runs_on(self):
        def fail():
            raise OSError("no room")

        with self.assertRaisesRegex(OSError, "no room"):
            self.run_both(fail)
        parent = os.getpid()
        compile_from = site_install.compile_from

        def fail_beside(*arguments):
            if os.getpid() != parent:
                os.close(2)  # it cannot even say so
                raise OSError("no room")
            compile_from(*arguments)

        with mock.patch.object(site_install, "compile_from", fail_beside):
            with self.assertRaises(SystemExit):
                self.run_both(lambda: None)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


@HAS_INSTALLER
class InstallTest(HasPrecache):
    """The whole, in a venv without anything."""

    def setUp(self):
        super().setUp()
        self.python = make_venv(os.path.join(self.folder, "venv"))
        self.site = pathlib.Path(site_of(self.python))

    def job(self, *wheels, **changes):
        installer = [self.wheel(name) for name in INSTALLER]
        return dict({"wheels": wheels, "installer": installer, "user": False, "umask": None}, **changes)

    def install(self, *wheels, **changes):
        job = self.job(*wheels, **changes)
        environ = clean_environ(self.home)
        return run_in(self.python, site_install, job, Deadline(60), environ=environ, flags=AS_IN_A_SHELL)

    def test_what_was_there_is_overwritten_and_not_written_through(self):
        other = self.write("other.py", "precious = True\n")
        (self.site / "one").mkdir()
        (self.site / "one" / "__init__.py").symlink_to(other)
        (self.site / "one" / "half.py").write_text("def half(")
        (self.site / "one" / "half.py").chmod(0o666)
        modules = {"one/__init__.py": "one = 1\n", "one/half.py": "half = 2\n"}
        answer = self.install(make_wheel(self.folder, "one", "1.0", modules))
        self.assertEqual({"declined": ""}, answer)
        self.assertEqual("precious = True\n", pathlib.Path(other).read_text())
        told = subprocess.check_output(
            [self.python, "-c", "import one.half as h; print(h.half, h.__cached__)"]
        )
        half, cached = told.decode().split()
        self.assertEqual(("2", True), (half, os.path.exists(cached)))
        self.assertEqual(0o644, (self.site / "one" / "half.py").stat().st_mode & 0o777)

    def test_what_a_killed_install_of_another_version_left_is_removed(self):
        left = self.site / "one-0.9.dist-info"
        left.mkdir()
        (left / "METADATA").write_text("Metadata-Version: 2.1\nName: one\nVersion: 0.9\n")
        self.assertEqual({"declined": ""}, self.install(make_tool(self.folder, "one", "1.0")))
        self.assertEqual(["one-1.0.dist-info"], [path.name for path in self.site.glob("one-*")])

    def test_the_umask_is_the_one_that_is_asked_for(self):
        self.addCleanup(os.umask, os.umask(0o077))
        for name, umask, mode in (("one", None, 0o600), ("two", 0o022, 0o644)):
            self.install(make_tool(self.folder, name, "1.0"), umask=umask)
            files = [path for path in self.site.rglob("*") if name in path.name and path.is_file()]
            self.assertLess(1, len(files))
            self.assertEqual({mode}, {path.stat().st_mode & 0o777 for path in files})

    def test_for_the_user_it_goes_into_the_home(self):
        venv = pathlib.Path(self.folder, "venv", "pyvenv.cfg")
        venv.write_text(venv.read_text().replace("-packages = false", "-packages = true"))
        self.install(make_tool(self.folder, "one", "1.0"), user=True)
        self.assertEqual([], list(self.site.glob("one*")))
        script = pathlib.Path(self.home, ".local", "bin", "one")
        self.assertTrue(script.read_text().startswith("#!{}\n".format(self.python)))
        environ = clean_environ(self.home)
        self.assertEqual(b"one 1.0\n", subprocess.check_output([str(script)], env=environ))

    def test_no_file_leads_out_of_the_site(self):
        wheel = make_wheel(self.folder, "one", "1.0", {"one.py": "", "../../out.py": ""})
        with self.assertRaisesRegex(CommandError, "out"):
            self.install(wheel)
        self.assertEqual([], list(pathlib.Path(self.folder).rglob("out.py")))

    def test_a_wheel_that_cannot_be_read_installs_nothing_that_counts(self):
        good, bad = (make_tool(self.folder, name, "1.0") for name in ("good", "bad"))
        with zipfile.ZipFile(bad) as old, zipfile.ZipFile(bad + ".new", "w") as new:
            for member in old.namelist():
                if not member.endswith("/RECORD"):
                    new.writestr(member, old.read(member))
        os.replace(bad + ".new", bad)
        with self.assertRaises(CommandError):
            self.install(good, bad)
        self.assertEqual([], list(self.site.glob("*.dist-info/RECORD")))
        self.assertEqual([], list(self.site.glob("*.dist-info/INSTALLER")))

    def test_whenever_it_is_killed_what_counts_is_whole_and_the_next_one_ends_it(self):
        wheels = [self.wheel("pip"), self.wheel("setuptools"), self.wheel("wheel")]
        done = self.killed_at(wheels, lambda: list(self.site.glob("*.dist-info/INSTALLER")))
        self.assertTrue(done)
        for count in (1, 50, 200, 400):
            with self.subTest(files=count):
                self.assertFalse(self.killed_at(wheels, lambda count=count: self.files() >= count))
        for count in (1, 100, 300):
            with self.subTest(compiled=count):
                self.killed_at(wheels, lambda count=count: self.files(".pyc") >= count)

    def files(self, suffix=""):
        """Return how many files there are in the site."""
        return len([path for path in self.site.rglob("*" + suffix) if path.is_file()])

    def killed_at(self, wheels, moment):
        """Kill an install into an empty site, with all its processes; return what of it counts after that."""
        shutil.rmtree(str(self.site))
        self.site.mkdir()
        argv = [self.python, "-c", pathlib.Path(site_install.__file__).read_text()]
        options = {"env": clean_environ(self.home), "stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
        with subprocess.Popen(argv, start_new_session=True, **options) as process:
            process.stdin.write(json.dumps(self.job(*wheels)).encode())
            process.stdin.close()
            while not moment() and process.poll() is None:
                pass
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        records = list(self.site.glob("*.dist-info/RECORD"))
        marked = {path.parent for path in self.site.glob("*.dist-info/INSTALLER")}
        self.assertLessEqual(marked, {path.parent for path in records})
        for record in records:
            for line in record.read_text().splitlines():
                path = self.site / line.split(",")[0]
                self.assertTrue(path.exists() or path.name == "INSTALLER", path)
        counted = {record.name.split("-")[0] for record in (path.parent for path in records)}
        left = [wheel for wheel in wheels if os.path.basename(wheel).split("-")[0] not in counted]
        self.assertEqual({"declined": ""}, self.install(*left))
        listed = subprocess.check_output([self.python, "-m", "pip", "check"], env=clean_environ(self.home))
        self.assertIn(b"No broken", listed)
        return counted


@HAS_INSTALLER
class InThisProcessTest(InAFolder):
    """The same without a process between."""

    def setUp(self):
        super().setUp()
        self.addCleanup(sys.path.__setitem__, slice(None), list(sys.path))
        umask = os.umask(0o022)
        os.umask(umask)
        self.addCleanup(os.umask, umask)
        self.places = {name: os.path.join(self.folder, name) for name in ("purelib", "scripts")}
        patch = mock.patch.object(site_install, "scheme", lambda user: self.places)
        patch.start()
        self.addCleanup(patch.stop)

    def install(self, *wheels):
        return site_install.main({"wheels": wheels, "installer": ["/first"], "user": False, "umask": 0o027})

    def test_commands_of_pip_are_named_after_this_python_and_all_is_noted(self):
        commands = {"pip": "pip:main", "pip3": "pip:main", "pip3.99": "pip:main", "pipx": "pip:main"}
        modules = {"pip.py": "main = int\n", "broken.py": "def main(:\n"}
        wheel = make_wheel(self.folder, "pip", "1.0", modules, console_scripts=commands)
        self.assertEqual({"declined": ""}, self.install(wheel))
        self.assertEqual("/first", sys.path[0])
        own = {"pip", "pip3", "pip{}.{}".format(*sys.version_info), "pipx"}
        self.assertEqual(own, set(os.listdir(self.places["scripts"])))
        info = pathlib.Path(self.places["purelib"], "pip-1.0.dist-info")
        rows = [line.split(",") for line in (info / "RECORD").read_text().splitlines()]
        noted = {os.path.normpath(os.path.join(self.places["purelib"], row[0])) for row in rows}
        there = {str(path) for root in self.places.values() for path in pathlib.Path(root).rglob("*")}
        self.assertEqual({path for path in there if not os.path.isdir(path)}, noted)
        # What cannot be compiled is installed all the same, as pip does.
        self.assertEqual(1, len([path for path in noted if path.endswith(".pyc")]))
        self.assertEqual(0o640, (info / "RECORD").stat().st_mode & 0o777)
        self.assertEqual("testnode-python\n", (info / "INSTALLER").read_text())
        # The same again would be another one to replace.
        self.assertIn("there is pip-1.0.dist-info", self.install(wheel)["declined"])
