"""``testnode-python venvs``: what goes where, and the exit code."""

import json
import os
import sys

from testnode_python import venvs

from tests.unit.test_cli import CliCase
from tests.unit.test_venvs import AS_ROOT, VenvsCase


class UsageTest(CliCase):
    """Words that make no sense, and help."""

    def test_without_a_word_it_says_which_there_are(self):
        status, output, errors = self.call("venvs")
        self.assertEqual((2, ""), (status, output))
        for word in ("install", "list", "remove", "/usr/TOOL-env", "exit codes"):
            self.assertIn(word, errors)

    def test_what_the_system_has_is_no_source_of_it(self):
        status, output, errors = self.call("venvs", "install", "hello", "--sources", "system,precache")
        self.assertEqual((2, ""), (status, output))
        self.assertIn("is made from precache or mirror, not from system, precache", errors)

    def test_one_place_is_for_one_tool(self):
        status, _, errors = self.call("venvs", "install", "one", "two", "--venv", "/x")
        self.assertEqual(2, status)
        self.assertIn("--venv is for one tool", errors)

    def test_a_time_that_is_none_is_refused(self):
        status, _, errors = self.call("venvs", "remove", "one", "--timeout", "-1")
        self.assertEqual((2, True), (status, "'-1' is no number" in errors))


@AS_ROOT
class WordsTest(CliCase, VenvsCase):
    """The words that do something."""

    def words(self, word, *argv):
        given = ["--link-dir", self.bin]
        if word == "install":
            given += ["--python", sys.executable, "--precache", self.precache, "--mirror", self.mirror]
        return ["venvs", word] + list(argv) + given

    def test_install_says_what_it_made_and_that_it_stays(self):
        status, output, errors = self.call(*self.words("install", "hello"))
        self.assertEqual((0, ""), (status, errors))
        self.assertEqual(
            ["{}  hello 1.0, made from precache".format(self.path), "  + {}/hello".format(self.bin)],
            output.splitlines(),
        )
        again = self.call(*self.words("install", "hello"))
        self.assertEqual((0, "{}  hello 1.0, as it was\n".format(self.path), ""), again)

    def test_where_one_fails_the_others_are_made_and_the_exit_code_says_so(self):
        status, output, errors = self.call(*self.words("install", "other", "hello"))
        self.assertEqual(1, status)
        self.assertIn("{}  hello 1.0".format(self.path), output)
        self.assertIn("other could not be made ready", errors)
        self.assertIn("not done: other", errors.splitlines()[-1])

    def test_json_has_one_entry_for_each(self):
        status, output, errors = self.call(*self.words("install", "other", "hello", "hello", "--json"))
        other, hello = json.loads(output)
        self.assertEqual((1, "other", False), (status, other["tool"], other["changed"]))
        self.assertIn("could not be made ready", other["error"])
        self.assertEqual(("hello", "1.0", True), (hello["tool"], hello["version"], hello["changed"]))
        status, output, _ = self.call(*self.words("remove", "hello", "--json"))
        (gone,) = json.loads(output)
        self.assertEqual((0, True), (status, gone["changed"]))
        self.assertIn(self.path, gone["removed"])

    def test_another_place_may_be_named(self):
        place = os.path.join(self.folder, "opt", "mine")
        self.assertEqual(0, self.call(*self.words("install", "hello", "--venv", place))[0])
        self.assertTrue(os.path.exists(place + "/bin/hello"))
        self.assertFalse(os.path.lexists(self.path))
        status, output, _ = self.call(*self.words("remove", "hello", "--venv", place))
        self.assertEqual((0, False), (status, os.path.lexists(place)))
        self.assertIn("  - {}\n".format(place), output)

    def test_remove_names_what_went_and_what_was_not_there(self):
        self.call(*self.words("install", "hello"))
        status, output, _ = self.call(*self.words("remove", "hello", "absent"))
        lines = output.splitlines()
        self.assertEqual((0, "  - {}/hello".format(self.bin)), (status, lines[0]))
        self.assertEqual("absent was not there", lines[-1])

    def test_list_is_a_table(self):
        self.patch(venvs.installed, "__defaults__", ((self.pattern,),))
        self.patch(venvs, "SYSTEM_VENVS", {})
        status, output, errors = self.call("venvs", "list")
        self.assertEqual((0, "", "there are no system-level venvs of ours\n"), (status, output, errors))
        self.call(*self.words("install", "hello"))
        status, output, _ = self.call("venvs", "list")
        heading, row = output.splitlines()
        self.assertEqual(
            (0, ["venv", "tool", "version", "from", "locked", "python"]), (status, heading.split())
        )
        self.assertEqual([self.path, "hello", "1.0", "precache", "2026-11-01"], row.split()[:5])
        (venv,) = json.loads(self.call("venvs", "list", "--json")[1])
        self.assertEqual((self.path, ""), (venv["path"], venv["fault"]))
