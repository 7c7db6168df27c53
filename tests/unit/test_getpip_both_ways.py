"""pip from the precache without pip: what it gives is what pip gives, and when pip is run all the same."""

import csv
import marshal
import os
import subprocess
import unittest
from unittest import mock

from testnode_python import getpip, manifest, pips

from tests.support.nodes import clean_environ
from tests.support.precaches import write_manifest
from tests.support.pythons import give, make_python, make_venv

from .test_getpip import HERE, GetPipTest

HAS_INSTALLER = unittest.skipIf(HERE < (3, 7), "the last installer for Python 3.6 is not used")


def seen(path, root):
    """Return what two installs must have in common of a file: all, but for who installed it and when.

    Programs are made after a pattern of the installer's own, and do the same.
    """
    with open(path, "rb") as file:
        content = file.read()
    name = os.path.basename(path)
    if name == "INSTALLER":
        content = b""
    elif name == "RECORD":
        rows = csv.reader(content.decode().splitlines())
        own = ("INSTALLER", "/bin/pip", "/bin/wheel")
        content = sorted(row[:1] if any(word in row[0] for word in own) else row for row in rows)
    elif name.endswith(".pyc"):
        code = marshal.loads(content[16:])
        content = (content[:8], code, code.co_filename.replace(root, ""))
    elif os.path.basename(os.path.dirname(path)) == "bin":
        lines = content.decode().replace(root, "").splitlines()
        content = lines[:1] + [line for line in lines if line.startswith("from ")]
    return os.stat(path).st_mode, content


def tree(root):
    """Return what is installed below a prefix: by path, what is to be the same."""
    found = {}
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.islink(path) and name not in ("pyvenv.cfg", ".pip.lock"):
                found[os.path.relpath(path, root)] = seen(path, root)
        found[os.path.relpath(folder, root)] = os.stat(folder).st_mode
    return found


class BothWaysTest(GetPipTest):
    """Side by side."""

    def without_pip(self, python, **asked):
        """Make pip ready where to run pip would be an error."""
        with mock.patch.object(pips, "run_pip", side_effect=AssertionError("pip was run")):
            return self.ensure(python, "precache", **asked)

    def by_pip(self, python, **asked):
        with mock.patch.object(getpip, "_without_pip", lambda *arguments: "a test"):
            outcome = self.ensure(python, "precache", **asked)
        self.assertIn(", by pip itself: a test", outcome.attempts[1].reason)
        return outcome

    @HAS_INSTALLER
    def test_both_give_the_same(self):
        for umask in (0o022, 0o077):
            self.addCleanup(os.umask, os.umask(umask))
            trees = []
            for name, ensure in (("one", self.by_pip), ("two", self.without_pip)):
                prefix = os.path.join(self.folder, name + str(umask))
                outcome = ensure(make_venv(prefix))
                self.assertWorks(outcome, os.path.join(prefix, "bin", "python"))
                trees.append(tree(prefix))
            self.assertEqual(sorted(trees[0]), sorted(trees[1]))
            self.assertEqual([], [path for path in trees[0] if trees[0][path] != trees[1][path]])

    @HAS_INSTALLER
    def test_both_give_the_same_to_a_user(self):
        python = make_python(self.prefix)
        trees = []
        for ensure in (self.by_pip, self.without_pip):
            self.home = os.path.join(self.folder, ensure.__name__)
            os.mkdir(self.home)
            outcome = ensure(python, scope="user")
            self.assertEqual(os.path.join(self.home, ".local", "bin", "pip3"), outcome.executable)
            trees.append(tree(self.home))
        self.assertEqual(trees[0], trees[1])
        self.assertEqual([], self.site())

    @HAS_INSTALLER
    def test_pip_lists_checks_replaces_and_removes_it(self):
        python = make_venv(self.prefix)
        before = tree(self.prefix)
        pip3 = self.without_pip(python).executable

        def pip(*arguments):
            environ = clean_environ(self.home)
            argv = [pip3, "--disable-pip-version-check", *arguments]
            return subprocess.check_output(argv, env=environ, stderr=subprocess.STDOUT).decode()

        self.assertIn("No broken requirements", pip("check"))
        self.assertIn("wheel==1.0", pip("freeze", "--all"))
        here = ["--no-index", "--find-links", self.wheels]
        self.assertIn("Successfully uninstalled wheel", pip("install", "--force-reinstall", *here, "wheel"))
        pip("uninstall", "--yes", *self.everything)
        left = {path for path in set(tree(self.prefix)) - set(before) if not path.endswith(".pip.lock")}
        self.assertEqual(set(), left)

    @HAS_INSTALLER
    def test_the_lock_is_held_while_it_runs_and_the_users_folders_are_not_looked_at(self):
        python = make_venv(self.prefix)
        run_in = getpip.run_in
        calls = []

        def noting(*arguments, **options):
            calls.append((arguments[1], options))
            return run_in(*arguments, **options)

        with mock.patch.object(getpip, "run_in", noting):
            self.without_pip(python)
        ((runner, options),) = calls
        self.assertIs(getpip.site_install, runner)
        self.assertEqual(1, len(options["keep_open"]))
        self.assertEqual("1", options["environ"]["PYTHONNOUSERSITE"])


class ByPipTest(GetPipTest):
    """Where it is for pip itself."""

    def changed(self, change):
        """Return a precache beside the class's whose tools were changed."""
        folder = os.path.join(self.folder, "changed")
        subprocess.check_call(["cp", "-R", "-p", self.precache, folder])
        path = os.path.join(folder, manifest.FILE_NAME)
        with open(path) as file:
            made = manifest.loads(file.read(), path)
        change(folder, next(iter(made.targets.values())).tools)
        write_manifest(folder, made)
        return folder

    def reason(self, python, **asked):
        """Make pip ready by pip; return why."""
        outcome = self.ensure(python, "precache", **asked)
        self.assertWorks(outcome, python)
        return outcome.attempts[1].reason.partition(", by pip itself: ")[2]

    def test_a_precache_without_an_installer(self):
        folder = self.changed(lambda folder, tools: tools.pop("installer"))
        words = "no installer" if HERE >= (3, 7) else "no release for Python 3.6"
        self.assertIn(words, self.reason(make_venv(self.prefix), precache=folder))

    @HAS_INSTALLER
    def test_an_installer_that_is_not_the_locked_one_is_not_run(self):
        def alter(folder, tools):
            with open(os.path.join(folder, "wheels", tools["installer"].wheels[0].file), "ab") as file:
                file.write(b"\n")

        reason = self.reason(make_venv(self.prefix), precache=self.changed(alter))
        self.assertIn("is not the file that was locked", reason)

    @HAS_INSTALLER
    def test_what_is_there_and_unfit_is_replaced(self):
        python = make_python(self.prefix)
        give(python, "pip", "1.0")
        asked = {"scope": "global", "version": "=={}".format(self.pip.version)}
        reason = self.ensure(python, "precache", **asked).attempts[1].reason
        self.assertIn(", by pip itself: there is another one to replace", reason)
        told = subprocess.check_output([python, "-m", "pip", "--version"], env=clean_environ(self.home))
        self.assertIn("pip {} from".format(self.pip.version), told.decode())

    @HAS_INSTALLER
    def test_what_the_runner_declines_or_fails_at(self):
        python = make_venv(self.prefix)
        pip = os.path.join(self.prefix, "lib", "python{}.{}".format(*HERE), "site-packages", "pip")
        # Whole by its metadata, but nothing to import.
        give(python, "wheel", "1.0")
        os.unlink(os.path.join(os.path.dirname(pip), "wheel", "__init__.py"))
        os.rmdir(os.path.join(os.path.dirname(pip), "wheel"))
        self.assertIn("there is wheel-1.0.dist-info", self.reason(python))
        broken = make_venv(self.prefix + "2")
        with mock.patch.object(getpip, "INSTALLER", "setuptools"):
            folder = self.changed(lambda _, tools: tools.update(setuptools=tools["pip"]))
            self.assertIn("failed: ", self.reason(broken, precache=folder))

    @HAS_INSTALLER
    def test_where_no_time_is_left_pip_is_not_begun(self):
        python = make_venv(self.prefix)
        with mock.patch.object(getpip.site_install, "__loader__") as loader:
            loader.get_source.return_value = "import time; time.sleep(60)"
            with mock.patch.object(pips, "run_pip", side_effect=AssertionError("pip was run")):
                reason = self.refused(python, "precache", timeout=2.0)
        self.assertIn("did not end within", reason)
