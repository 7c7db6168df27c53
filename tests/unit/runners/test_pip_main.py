"""pip is run from a wheel or a folder, and get-pip.py as it is."""

import json
import os
import runpy
import sys
import sysconfig
import unittest
import warnings

from testnode_python import runners
from testnode_python.commands import Deadline
from testnode_python.runners import pip_main, start

from tests.support.nodes import InAFolder
from tests.support.wheels import make_wheel

# A pip that tells what it sees, in place of the real one, which would take its second to start.
TELLS = """
import json, os, sys, sysconfig
umask = os.umask(0)
os.umask(umask)
switch = getattr(sysconfig, "_PIP_USE_SYSCONFIG", None)
print(json.dumps([__file__, sys.argv, umask, switch, "" in sys.path]))
"""
WHERE_DISTUTILS_BELONGS = unittest.skipIf(sys.version_info >= (3, 12), "distutils left Python in 3.12")


class PipMainTest(InAFolder):
    """In an interpreter of its own."""

    def run_it(self, place, arguments=(), umask=None, **environ):
        job = {"place": place, "arguments": list(arguments), "umask": umask}
        options = {"environ": environ, "flags": runners.AS_IN_A_SHELL if environ else runners.ISOLATED}
        result = start(sys.executable, pip_main, job, Deadline(60), **options)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        return json.loads(result.stdout)

    def pip(self):
        return make_wheel(self.folder, "pip", "1.0", {"pip/__init__.py": "", "pip/__main__.py": TELLS})

    def test_out_of_a_wheel_it_gets_its_arguments(self):
        wheel = self.pip()
        file, argv, _, _, has_current = self.run_it(wheel, ["install", "--user", "x"])
        self.assertEqual(os.path.join(wheel, "pip", "__main__.py"), file)
        self.assertEqual(["install", "--user", "x"], argv[1:])
        self.assertFalse(has_current)

    def test_out_of_a_folder_it_is_that_one_and_no_other(self):
        self.write("site/pip/__init__.py", "")
        path = self.write("site/pip/__main__.py", TELLS)
        self.assertEqual(path, self.run_it(os.path.join(self.folder, "site"))[0])

    def test_a_script_is_run_as_it_is(self):
        path = self.write("get-pip.py", TELLS)
        self.assertEqual([path, [path, "--no-wheel"]], self.run_it(path, ["--no-wheel"])[:2])

    def test_the_umask_is_set_where_asked(self):
        self.assertEqual(0o027, self.run_it(self.pip(), umask=0o027)[2])
        self.addCleanup(os.umask, os.umask(0o077))
        self.assertEqual(0o077, self.run_it(self.pip())[2])

    def test_how_pip_ends_is_how_it_ends(self):
        path = self.write("get-pip.py", "import sys; sys.exit(23)")
        job = {"place": path, "arguments": [], "umask": None}
        self.assertEqual(23, start(sys.executable, pip_main, job, Deadline(60), environ={}).returncode)

    def test_an_ordinary_python_is_left_as_it_is(self):
        self.assertFalse(self.run_it(self.pip())[3])

    @WHERE_DISTUTILS_BELONGS
    def test_where_distutils_was_split_off_pip_is_told_to_do_without(self):
        # What Debian leaves of it.
        self.write("split/distutils/__init__.py", "")
        self.write("split/distutils/version.py", "")
        answer = self.run_it(self.pip(), PYTHONPATH=os.path.join(self.folder, "split"))
        self.assertIs(True, answer[3])


class InThisProcessTest(InAFolder):
    """The same without a process between."""

    def setUp(self):
        super().setUp()
        self.addCleanup(sys.path.__setitem__, slice(None), list(sys.path))
        self.addCleanup(setattr, sys, "argv", sys.argv)
        umask = os.umask(0o022)
        os.umask(umask)
        self.addCleanup(os.umask, umask)
        self.forget("pip")
        self.forget("distutils")
        # Looking for distutils imports it, of which it complains; an error where a test runs.
        ignoring = warnings.catch_warnings()
        ignoring.__enter__()
        self.addCleanup(ignoring.__exit__, None, None, None)
        warnings.simplefilter("ignore", DeprecationWarning)
        if hasattr(sysconfig, "_PIP_USE_SYSCONFIG"):
            self.addCleanup(setattr, sysconfig, "_PIP_USE_SYSCONFIG", sysconfig._PIP_USE_SYSCONFIG)
        else:
            self.addCleanup(vars(sysconfig).pop, "_PIP_USE_SYSCONFIG", None)

    def forget(self, package):
        """Take a package out of what is imported, until the test has ended."""
        taken = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == package}

        def put_back():
            for name in [name for name in sys.modules if name.split(".")[0] == package]:
                del sys.modules[name]
            sys.modules.update(taken)

        self.addCleanup(put_back)

    def without_distutils(self):
        self.write("split/distutils/__init__.py", "")
        sys.path.insert(0, os.path.join(self.folder, "split"))

    def test_pip_and_scripts_are_run_with_their_arguments(self):
        text = "import sys\nwith open({!r}, 'w') as file: file.write(repr(sys.argv[1:]))"
        seen = os.path.join(self.folder, "seen")
        self.write("site/pip/__init__.py", "")
        self.write("site/pip/__main__.py", text.format(seen))
        for place in (os.path.join(self.folder, "site"), self.write("get-pip.py", text.format(seen))):
            pip_main.main({"place": place, "arguments": ["a", "b c"], "umask": 0o022})
            with open(seen) as file:
                self.assertEqual("['a', 'b c']", file.read())
            os.unlink(seen)

    @WHERE_DISTUTILS_BELONGS
    def test_a_distutils_without_its_commands_is_lacking(self):
        self.without_distutils()
        self.assertTrue(pip_main.lacks_distutils())
        pip_main.main({"place": self.write("get-pip.py", ""), "arguments": [], "umask": None})
        self.assertIs(True, sysconfig._PIP_USE_SYSCONFIG)

    @WHERE_DISTUTILS_BELONGS
    def test_no_distutils_at_all_is_lacking_too(self):
        sys.path[:] = [self.folder]
        self.assertTrue(pip_main.lacks_distutils())

    @unittest.skipIf(sys.version_info < (3, 12), "distutils belongs to this Python")
    def test_a_python_that_has_none_by_itself_lacks_nothing(self):
        sys.path[:] = [self.folder]
        self.assertFalse(pip_main.lacks_distutils())

    def test_the_current_folder_is_taken_from_the_path(self):
        sys.path.insert(0, "")
        runpy.run_path(pip_main.__file__, run_name="imported")
        self.assertNotEqual("", sys.path[0])
