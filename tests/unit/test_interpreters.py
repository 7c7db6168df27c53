"""What a Python can do is asked of itself."""

import os
import shutil
import subprocess
import sys
import sysconfig
import unittest
import venv

from testnode_python import interpreters
from testnode_python.commands import Deadline
from testnode_python.errors import UsageError

from tests.support.nodes import InAFolder, clean_environ

PLENTY = 60


def minor():
    """Return the release series that runs the tests."""
    return "{}.{}".format(*sys.version_info[:2])


class LocateTest(InAFolder):
    """Which Python the caller means."""

    def test_python3_of_the_path_is_meant_where_none_is_named(self):
        path = self.script("bin/python3")
        self.assertEqual(path, interpreters.locate("", clean_environ(self.folder)))

    def test_a_command_is_looked_for_on_the_callers_path(self):
        self.script("bin/python3")
        path = self.script("other/python3.9")
        environ = clean_environ(self.folder, self.folder + "/bin", self.folder + "/other")
        self.assertEqual(path, interpreters.locate("python3.9", environ))

    def test_a_path_is_taken_as_it_is(self):
        path = self.script("mine")
        self.assertEqual(path, interpreters.locate(path, clean_environ(self.folder)))

    def test_a_relative_path_becomes_absolute(self):
        path = self.script("mine")
        self.assertEqual(path, interpreters.locate(os.path.relpath(path), clean_environ(self.folder)))

    def test_a_link_is_kept(self):
        link = os.path.join(self.folder, "link")
        os.symlink(self.script("mine"), link)
        self.assertEqual(link, interpreters.locate(link, clean_environ(self.folder)))

    def test_a_python_that_is_not_there_is_named(self):
        for python in ("python3.9", os.path.join(self.folder, "absent"), self.write("file", ""), self.folder):
            with self.subTest(python):
                with self.assertRaises(UsageError) as caught:
                    interpreters.locate(python, clean_environ(self.folder))
                self.assertEqual(
                    "there is no program {!r} that you may run".format(python), caught.exception.cause
                )

    def test_a_node_without_python3_is_told_how_to_get_one(self):
        for path in ("", self.folder):
            with self.subTest(path):
                with self.assertRaises(UsageError) as caught:
                    interpreters.locate("", {"PATH": path})
                self.assertEqual("there is no python3 on PATH", caught.exception.cause)
                self.assertIn("install python3", caught.exception.cure)


class ExamineTest(InAFolder):
    """The facts of real interpreters."""

    def examine(self, path=sys.executable, **variables):
        return interpreters.examine(path, Deadline(PLENTY), clean_environ(self.folder, **variables))

    def venv(self):
        """Make a venv without pip; return its python."""
        path = os.path.join(self.folder, "venv")
        venv.create(path, symlinks=True, with_pip=False)
        return os.path.join(path, "bin", "python")

    def site(self):
        return os.path.join("venv", "lib", "python" + minor(), "site-packages")

    def test_it_tells_who_it_is(self):
        found = self.examine()
        platform = found.platform
        self.assertEqual("{}.{}.{}".format(*sys.version_info[:3]), platform.version)
        self.assertEqual((sys.version_info[:2], minor()), (platform.minor, platform.series))
        self.assertEqual(sys.implementation.name, platform.implementation)
        self.assertEqual(sys.executable, platform.executable)
        self.assertEqual(sys.prefix, found.prefix)
        self.assertEqual(sys.prefix != sys.base_prefix, found.venv)
        self.assertIn(platform.machine, sysconfig.get_platform())
        self.assertEqual("{} (cpython {})".format(sys.executable, platform.version), str(found))

    @unittest.skipUnless("CS_GNU_LIBC_VERSION" in os.confstr_names, "not the GNU C library")
    def test_it_tells_its_c_library(self):
        version = os.confstr("CS_GNU_LIBC_VERSION").split()[1]
        expected = ("glibc", tuple(int(part) for part in version.split(".")[:2]))
        self.assertEqual(expected, self.examine().platform.libc)

    def test_the_real_binary_below_a_venv_is_found(self):
        python = self.venv()
        link = os.path.join(self.folder, "link")
        os.symlink(python, link)
        base = self.examine().platform.base
        self.assertEqual(base, os.path.realpath(base))
        self.assertEqual(base, self.examine(python).platform.base)
        self.assertFalse(self.examine(base).venv)

    def test_an_empty_venv_has_nothing(self):
        found = self.examine(self.venv())
        self.assertTrue(found.venv)
        self.assertEqual({}, found.modules)
        self.assertEqual(("", ""), (found.pip_command, found.externally_managed))
        self.assertFalse(found.user_site_on)
        self.assertEqual(os.path.join(self.folder, self.site()), found.global_site)

    def test_what_is_installed_is_told_with_version_and_place(self):
        python, site = self.venv(), self.site()
        self.write(site + "/pip/__init__.py", "")
        self.write(site + "/pip-21.3.dist-info/RECORD", "../../../bin/pip3,sha256=x,1\npip/__init__.py,,\n")
        self.write(site + "/wheel/__init__.py", "raise SystemExit('imported')")
        self.write(site + "/wheel-0.37.dist-info/INSTALLER", "pip")
        self.write(site + "/pkg_resources.py", "")
        command = self.script("venv/bin/pip3")
        found = self.examine(python)
        folder = os.path.join(self.folder, site)
        self.assertEqual(
            {
                "pip": interpreters.Installed("21.3", folder, folder + "/pip-21.3.dist-info"),
                "wheel": interpreters.Installed("0.37", folder, folder + "/wheel-0.37.dist-info"),
            },
            found.modules,
        )
        self.assertEqual(command, found.pip_command)
        self.assertTrue(found.pkg_resources)

    def test_what_lies_in_the_users_site_is_told_to_lie_there(self):
        base = self.examine().platform.base
        user_site = self.examine(base).user_site
        self.assertTrue(user_site.startswith(self.folder + "/.local/"))
        inside = os.path.relpath(user_site, self.folder)
        self.write(inside + "/packaging/__init__.py", "")
        self.write(inside + "/packaging-20.0.dist-info/INSTALLER", "pip")
        found = self.examine(base)
        self.assertTrue(found.user_site_on)
        self.assertEqual(("20.0", user_site), found.modules["packaging"][:2])

    def test_variables_of_the_caller_do_not_mislead_it(self):
        python = self.venv()
        self.write("fake/pip/__init__.py", "")
        self.write("fake/pip-1.0.dist-info/RECORD", "")
        self.write("fake/json.py", "raise SystemExit('shadowed')")
        misleading = {"PYTHONPATH": self.folder + "/fake", "PYTHONHOME": "/nonexistent", "PYTHONVERBOSE": "1"}
        self.assertEqual(self.examine(python), self.examine(python, **misleading))

    def test_an_answer_after_other_words_is_understood(self):
        python = self.venv()
        self.write(self.site() + "/sitecustomize.py", "print('hello from here')")
        self.assertEqual(minor(), self.examine(python).platform.series)


class OwnPlatformTest(InAFolder):
    """The binary that runs us need not be started to know what it is."""

    def test_it_is_what_asking_it_would_tell(self):
        link = os.path.join(self.folder, "link")
        os.symlink(sys.executable, link)
        environ = clean_environ(self.folder)
        base = interpreters.examine(sys.executable, Deadline(PLENTY), environ).platform.base
        for path in (sys.executable, base):
            with self.subTest(path):
                asked = interpreters.examine(path, Deadline(PLENTY), environ).platform
                self.assertEqual(asked, interpreters.own_platform(path))
        self.assertEqual(base, interpreters.own_platform(link).base)

    def test_its_venv_is_the_same_binary(self):
        venv.create(os.path.join(self.folder, "venv"), with_pip=False, symlinks=True)
        path = os.path.join(self.folder, "venv", "bin", "python")
        asked = interpreters.examine(path, Deadline(PLENTY), clean_environ(self.folder)).platform
        self.assertEqual(asked, interpreters.own_platform(path))

    def test_its_ensurepip_is_known_too(self):
        asked = interpreters.examine(sys.executable, Deadline(PLENTY), clean_environ(self.folder))
        self.assertIs(asked.ensurepip, interpreters.own_ensurepip())

    def test_any_other_has_to_be_asked(self):
        self.assertIsNone(
            interpreters.own_platform(self.script("python3", 'exec {} "$@"'.format(sys.executable)))
        )
        shutil.copy(os.path.realpath(sys.executable), os.path.join(self.folder, "copy"))
        self.assertIsNone(interpreters.own_platform(os.path.join(self.folder, "copy")))
        self.assertIsNone(interpreters.own_platform(os.path.join(self.folder, "absent")))

    def test_an_embedded_python_does_not_know_itself(self):
        self.addCleanup(setattr, sys, "executable", sys.executable)
        for executable in ("", None):
            path, sys.executable = os.getcwd(), executable
            self.assertIsNone(interpreters.own_platform(path))


class ItsVenvTest(InAFolder):
    """A venv of the Python that runs us leads to the same binary, and is another interpreter."""

    def test_it_is_asked_and_not_taken_for_its_base(self):
        venv.create(os.path.join(self.folder, "venv"), with_pip=False, symlinks=True)
        python = os.path.join(self.folder, "venv", "bin", "python")
        code = (
            "import os, sys; sys.path.insert(0, sys.argv[1])\n"
            "from testnode_python import interpreters\n"
            "from testnode_python.commands import Deadline\n"
            "found = interpreters.examine(sys.argv[2], Deadline(60), os.environ)\n"
            "print(found.prefix, found.venv)\n"
        )
        library = os.path.dirname(os.path.dirname(os.path.abspath(interpreters.__file__)))
        base = interpreters.examine(sys.executable, Deadline(PLENTY), clean_environ(self.folder))
        base = base.platform.base
        done = subprocess.run(
            [base, "-c", code, library, python],
            stdout=subprocess.PIPE,
            env={"HOME": self.folder},
            cwd=self.folder,
            check=True,
        )
        self.assertEqual([os.path.join(self.folder, "venv"), "True"], done.stdout.decode().split())


class NoPythonTest(InAFolder):
    """What is given as a Python and is none."""

    def assert_refused(self, path, words, seconds=PLENTY):
        with self.assertRaises(UsageError) as caught:
            interpreters.examine(path, Deadline(seconds), clean_environ(self.folder, PATH=os.defpath))
        self.assertIn(os.path.basename(path), caught.exception.cause)
        self.assertIn(words, caught.exception.cause)
        self.assertEqual("name one of Python 3.6 or newer with --python", caught.exception.cure)

    def test_a_program_that_fails_has_its_last_words_told(self):
        path = self.script("python", "echo 'pyenv: python3.9: command not found' >&2", "exit 127")
        self.assert_refused(path, "is no Python that works: ")
        self.assert_refused(path, "pyenv: python3.9: command not found")

    def test_a_program_that_says_nothing_has_its_exit_code_told(self):
        self.assert_refused(self.script("python", "exit 7"), "exit code 7")

    def test_a_program_that_answers_something_else(self):
        for answer in (
            "",
            "42",
            "{}",
            "[]",
            "null",
            '{"libc": 1}',
            '{"libc": ["", [0, 0]], "modules": {}}',
            "words",
        ):
            with self.subTest(answer):
                self.assert_refused(
                    self.script("python", "echo '{}'".format(answer)), "is no Python that works: "
                )

    def test_a_program_that_hangs_is_given_up_in_time(self):
        self.assert_refused(self.script("python", "exec sleep 60"), "did not end within", seconds=0.3)

    def test_a_file_that_cannot_be_started(self):
        self.assert_refused(self.write("python", "no program", 0o755), "cannot be started")

    def test_a_python_that_is_too_old_is_told_its_version(self):
        path = self.script(
            "python",
            '{} "$@" | sed \'s/"version": "[0-9.]*"/"version": "3.5.10"/\''.format(sys.executable),
        )
        self.assert_refused(path, "(cpython 3.5.10) is too old")
