"""``precache verify`` and ``precache copy``: the words that a node has too."""

import datetime
import json
import os
import subprocess
import sys
import unittest

from tests.support.precaches import HasPrecache, target_name
from tests.unit.test_cli import CliCase

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


class PrecacheWordsTest(CliCase):
    """In this process."""

    def copy(self, *argv):
        output = os.path.join(self.folder, "output")
        argv = (self.precache, "--output", output) + argv
        return self.call("precache", "copy", *argv, "--python", sys.executable)

    def test_copy_prints_the_folder_and_says_how_much(self):
        folder = os.path.join(self.folder, "output", "0" * 64)
        status, output, errors = self.copy()
        self.assertEqual((0, folder + "\n"), (status, output))
        self.assertRegex(errors, r"^copied: [0-9]+ files, [0-9.]+ MB\n$")
        self.assertRegex(self.copy("--target", target_name())[2], "^nothing to do: ")
        self.assertEqual((0, "", ""), self.call("precache", "verify", folder))

    def test_copy_answers_in_json(self):
        copied = json.loads(self.copy("--json")[1])
        self.assertEqual({"folder", "files", "bytes", "changed"}, set(copied))

    def test_verify_names_each_file_and_ends_with_1(self):
        os.rename(self.wheel(), self.wheel() + "x")
        name = "wheels/" + os.path.basename(self.wheel())[:-1]
        status, output, errors = self.call("precache", "verify", self.precache)
        self.assertEqual((1, "missing  {0}\nextra    {0}x\n".format(name)), (status, output))
        self.assertIn("is not what its manifest says (files: 2); build it again", errors)
        found = json.loads(self.call("precache", "verify", "--json", self.precache)[1])
        self.assertEqual(
            [[name, "missing"], [name + "x", "extra"]], [[f["path"], f["problem"]] for f in found]
        )

    def test_verify_refuses_locks_that_are_older_than_is_allowed(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for age, allowed, status in ((40, 30, 1), (30, 30, 0), (40, 50, 0)):
            locked = (now - datetime.timedelta(days=age, hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.change_manifest(lambda data, locked=locked: data.update(locked=locked))
            told = self.call("precache", "verify", self.precache, "--max-age", str(allowed))
            self.assertEqual((status, ""), told[:2])
        self.change_manifest(lambda data: data.update(locked="long ago"))
        self.assertEqual(0, self.call("precache", "verify", self.precache)[0])
        status, _, errors = self.call("precache", "verify", self.precache, "--max-age", "1")
        self.assertEqual(1, status)
        self.assertIn("the date of the locks, 'long ago', is none; build the precache again", errors)

    def test_days_are_a_number(self):
        for days in ("-3", "soon"):
            status, _, errors = self.call("precache", "verify", self.precache, "--max-age=" + days)
            self.assertEqual((2, True), (status, "is no number of days" in errors))

    def test_what_is_too_old_is_told_with_the_days(self):
        self.change_manifest(lambda data: data.update(locked="2020-01-01T00:00:00Z"))
        errors = self.call("precache", "verify", self.precache, "--max-age", "30")[2]
        self.assertRegex(
            errors, "was published [0-9]{4} days ago, and 30 are allowed; lock and build it again"
        )

    def test_wrong_words_are_told_in_a_sentence(self):
        status, _, errors = self.call("precache", "copy")
        self.assertEqual(2, status)
        self.assertRegex(
            errors, "^testnode-python: .*required.*; 'testnode-python precache copy --help' tells"
        )


@unittest.skipIf(sys.version_info < (3, 7), "the file is made by Python 3.7 or newer")
class OneFileTest(HasPrecache):
    """As the one-file tool, which has no image side."""

    def start(self, *argv):
        return subprocess.run(
            [sys.executable, "-W", "error", self.tool, "precache"] + list(argv),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environ(),
            check=False,
        )

    def setUp(self):
        super().setUp()
        self.tool = os.path.join(self.folder, "testnode-python.pyz")
        program = os.path.join(ROOT, "tools", "make_zipapp.py")
        subprocess.run([sys.executable, program, self.tool], check=True, stdout=subprocess.DEVNULL)

    def test_it_copies_and_verifies(self):
        output = os.path.join(self.folder, "output")
        copied = self.start("copy", self.precache, "--output", output, "--python", sys.executable)
        folder = os.path.join(output, "0" * 64)
        self.assertEqual((0, folder + "\n"), (copied.returncode, copied.stdout.decode()), copied.stderr)
        self.assertEqual(0, self.start("verify", output).returncode)
        os.unlink(os.path.join(output, "current", "wheels", os.path.basename(self.wheel())))
        verified = self.start("verify", output)
        self.assertEqual(1, verified.returncode)
        self.assertIn(b"missing  wheels/hello-", verified.stdout)
