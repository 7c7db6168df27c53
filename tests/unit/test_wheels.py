"""The second rung: from the wheels of the precache, or a reason."""

import os
import subprocess
import sys

from testnode_python import environments, receipts, wheels
from testnode_python.errors import CommandError, Error, PrecacheError

from tests.support.precaches import LOCKED, HasPrecache, describe, target_name
from tests.support.wheels import make_wheel


class FromPrecacheTest(HasPrecache):
    """An environment with exactly what was locked, and pip."""

    def ready(self, **asked):
        node = self.node(**asked)
        return wheels.from_precache(node.request, node)

    def test_the_tool_runs_from_an_environment_in_the_home(self):
        ready = self.ready()
        self.assertEqual(os.path.join(self.home, ".local", "hello", "bin", "hello"), ready.executable)
        self.assertEqual(b"hello 1.0\n", subprocess.check_output([ready.executable, "--version"]))
        self.assertEqual(
            ("1.0", True, LOCKED, False, os.path.join(self.home, ".local", "hello")),
            (ready.version, ready.changed, ready.locked, ready.unlocked, ready.environment),
        )
        self.assertEqual(
            "hello 1.0 from the precache {} (locked 2026-11-01)".format(self.precache), ready.words
        )

    def test_it_has_a_pip_that_works(self):
        ready = self.ready()
        pip = os.path.join(ready.environment, "bin", "pip")
        output = subprocess.check_output([pip, "--version"], env=self.environ()).decode()
        self.assertIn(os.path.realpath(ready.environment), output)

    def test_nothing_in_it_leads_into_the_precache(self):
        tree = os.path.realpath(self.ready().environment)
        for folder, folders, files in os.walk(tree):
            for name in folders + files:
                path = os.path.join(folder, name)
                self.assertFalse(os.path.realpath(path).startswith(self.precache), path)
        os.rename(self.precache, self.precache + "-gone")
        hello = os.path.join(tree, "bin", "hello")
        self.assertEqual(b"hello 1.0\n", subprocess.check_output([hello, "--version"]))

    def test_its_scripts_name_the_tree_so_that_what_runs_stays_whole(self):
        ready = self.ready()
        with open(ready.executable) as file:
            self.assertIn(os.path.realpath(ready.environment) + "/bin/python", file.readline())

    def test_the_receipt_tells_what_it_is(self):
        ready = self.ready(version=">=0.5")
        receipt, reason = receipts.read(os.path.realpath(ready.environment), {os.geteuid()})
        self.assertEqual("", reason)
        self.assertEqual(
            ("hello", ">=0.5", "hello", "1.0", "precache", LOCKED),
            (receipt.tool, receipt.request, receipt.command, receipt.version, receipt.source, receipt.locked),
        )
        self.assertEqual("the precache {}".format(self.precache), receipt.origin)
        self.assertEqual(os.path.realpath(sys.executable), receipt.python)
        self.assertEqual(["pip", "hello", "greeting"], [package.name for package in receipt.packages])
        self.assertTrue(all(len(package.sha256) == 64 for package in receipt.packages))

    def test_what_is_there_already_is_taken_as_it_is(self):
        first = self.ready()
        tree = os.path.realpath(first.environment)
        again = self.ready()
        self.assertFalse(again.changed)
        words = "there already: " + first.words
        self.assertEqual(first._replace(changed=False, words=words), again)
        self.assertEqual(tree, os.path.realpath(again.environment))

    def test_what_disagrees_with_the_lock_is_made_anew(self):
        tree = os.path.realpath(self.ready().environment)
        newer = make_wheel(os.path.join(self.precache, "wheels"), "greeting", "3.0")
        entry = dict(describe(newer)._asdict())

        def change(data):
            data["targets"][target_name()]["tools"]["hello"]["wheels"][1] = entry

        self.change_manifest(change)
        again = self.ready()
        self.assertTrue(again.changed)
        self.assertNotEqual(tree, os.path.realpath(again.environment))

    def test_what_was_made_for_another_tool_interpreter_or_is_broken_is_made_anew(self):
        ready = self.ready()
        tree = os.path.realpath(ready.environment)
        receipt, _ = receipts.read(tree, {os.geteuid()})
        node = self.node()
        lock = node.lock_for("hello")
        self.assertTrue(environments.already(node, lock))
        for change in ({"tool": "other"}, {"python": "/usr/bin/python-of-old"}):
            receipts.write(tree, receipt._replace(**change))
            with self.subTest(**change):
                self.assertIsNone(environments.already(node, lock))
        receipts.write(tree, receipt)
        os.unlink(os.path.join(tree, "bin", "python"))
        self.assertIsNone(environments.already(node, lock))

    def test_without_a_lock_the_version_decides(self):
        self.ready()
        self.assertEqual("1.0", environments.already(self.node(version="==1.0"), None).version)
        self.assertIsNone(environments.already(self.node(version=">1.0"), None))

    def test_another_version_than_the_locked_one_is_told(self):
        with self.assertRaises(Error) as caught:
            self.ready(version="<1")
        self.assertEqual("{} has hello 1.0, not <1".format(self.precache), caught.exception.cause)
        self.assertFalse(os.path.exists(os.path.join(self.home, ".local")))

    def test_a_lock_that_names_its_own_pip_gets_that_one(self):
        own = make_wheel(os.path.join(self.precache, "wheels"), "pip", "0.1", {"pip.py": ""})
        entry = dict(describe(own)._asdict())

        def change(data):
            data["targets"][target_name()]["tools"]["hello"]["wheels"].append(entry)

        self.change_manifest(change)
        receipt, _ = receipts.read(os.path.realpath(self.ready().environment), {os.geteuid()})
        self.assertEqual("0.1", receipt.version_of("pip"))

    def test_a_wheel_that_is_none_leaves_nothing(self):
        path = self.wheel("greeting")
        with open(path, "wb") as file:
            file.write(b"no zip")
        entry = dict(describe(path)._asdict())

        def change(data):
            data["targets"][target_name()]["tools"]["hello"]["wheels"][1] = entry

        self.change_manifest(change)
        with self.assertRaisesRegex(CommandError, "not a zip file"):
            self.ready()
        self.assertEqual([".hello.lock"], os.listdir(os.path.join(self.home, ".local")))

    def test_no_file_is_used_whose_hash_is_wrong(self):
        for name in ("hello", "greeting", "installer", "pip"):
            path = self.wheel(name)
            with open(path, "rb") as file:
                content = file.read()
            with open(path, "ab") as file:
                file.write(b"\0")
            with self.subTest(name), self.assertRaises(PrecacheError) as caught:
                self.ready()
            self.assertEqual(path, caught.exception.path)
            self.assertEqual([".hello.lock"], os.listdir(os.path.join(self.home, ".local")))
            with open(path, "wb") as file:
                file.write(content)

    def test_the_callers_variables_do_not_redirect_it(self):
        misleading = {
            name: os.path.join(self.folder, "wrong")
            for name in ("PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
        }
        misleading.update(PIP_USER="1", PIP_REQUIRE_VIRTUALENV="1", PYTHONDONTWRITEBYTECODE="1")
        node = self.node()
        node.environ.update(misleading)
        ready = wheels.from_precache(node.request, node)
        self.assertEqual(b"hello 1.0\n", subprocess.check_output([ready.executable, "--version"]))
        self.assertFalse(os.path.exists(os.path.join(self.folder, "wrong")))
