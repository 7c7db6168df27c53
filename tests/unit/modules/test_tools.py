"""The module testnode_python_tools."""

import os
import unittest

from tests.support.pythons import make_python

from . import NEEDS_ANSIBLE, ModuleCase


class ToolsSourceTest(ModuleCase):
    """The file."""

    module = "testnode_python_tools"

    def test_python_2_can_read_it(self):
        self.assert_python2_reads_it()


@NEEDS_ANSIBLE
class ToolsModuleTest(ModuleCase):
    """One call."""

    module = "testnode_python_tools"

    def in_home(self, tool):
        return os.path.join(self.home, ".local", tool, "bin", tool)

    def test_what_is_found_and_what_is_made_are_told_in_order(self):
        mine = self.script("home/bin/mine", "echo mine 3.0")
        answer = self.call(tools=["mine", {"name": "hello", "version": "<4", "venv": None}])
        self.assertEqual(
            [
                ("mine", "system", "3.0", mine, False),
                ("hello", "precache", "1.0", self.in_home("hello"), True),
            ],
            [
                (each["tool"], each["source"], each["version"], each["executable"], each["changed"])
                for each in answer["outcomes"]
            ],
        )
        self.assertEqual((False, True), (answer["failed"], answer["changed"]))
        self.assertEqual((False, []), (answer["needs_root"], answer["packages"]))
        again = self.call(tools=["mine", "hello"])
        self.assertEqual((False, "system"), (again["changed"], again["outcomes"][1]["source"]))

    def test_a_dictionary_says_which_program_and_where(self):
        other = self.script("other/mine-3", "echo mine 3.0")
        hello = {"name": "hello", "venv": "~/here", "command": "hello"}
        answer = self.call(tools=[{"name": "mine", "executable": other}, hello])
        self.assertEqual(
            [other, self.home + "/here/bin/hello"], [each["executable"] for each in answer["outcomes"]]
        )

    def test_a_failure_names_every_attempt(self):
        answer = self.call(tools=["other"])
        self.assertIs(True, answer["failed"])
        attempts = answer["outcome"]["attempts"]
        self.assertEqual(
            ["system", "precache", "mirror", "packages"], [attempt["source"] for attempt in attempts]
        )
        self.assertIn("other could not be made ready", answer["msg"])
        for attempt in attempts:
            self.assertIn("{:<8}  {}".format(attempt["source"], attempt["reason"]), answer["msg"])
            self.assertIn(attempt["cure"], answer["msg"])

    def test_where_it_is_soft_a_failure_is_a_warning(self):
        answer = self.call(tools=["other", "hello"], soft=True)
        self.assertEqual((False, ["", self.in_home("hello")]), (answer["failed"], self.executables(answer)))
        self.assertIn("other could not be made ready", answer["output"])

    def executables(self, answer):
        return [outcome["executable"] for outcome in answer["outcomes"]]

    def test_check_mode_promises_and_writes_nothing(self):
        answer = self.call("--check", tools=["hello"])
        self.assertEqual((True, [self.in_home("hello")]), (answer["changed"], self.executables(answer)))
        self.assertFalse(os.path.exists(self.home + "/.local"))

    def test_outcomes_are_facts_but_for_what_check_mode_promises(self):
        facts = {"outcome_fact": "first", "outcomes_fact": "all_of_them"}
        self.assertNotIn("ansible_facts", self.call("--check", tools=["hello"], **facts))
        made = self.call(tools=["hello"], **facts)
        self.assertEqual([True], [each["changed"] for each in made["outcomes"]])
        self.assertEqual(
            {"first": made["outcomes"][0], "all_of_them": made["outcomes"]}, made["ansible_facts"]
        )
        found = self.call("--check", tools=["hello"], outcomes_fact="all_of_them")
        self.assertEqual({"all_of_them": found["outcomes"]}, found["ansible_facts"])
        self.assertNotIn("ansible_facts", self.call(tools=["hello"]))

    def test_where_nothing_was_tried_the_list_of_outcomes_is_empty(self):
        for tools in ([], [{"name": "hello", "vers": "1"}]):
            answer = self.call(tools=tools, soft=True, outcome_fact="first", outcomes_fact="all_of_them")
            self.assertEqual({"all_of_them": []}, answer["ansible_facts"])

    def test_what_makes_no_sense_is_refused_in_a_sentence(self):
        for tools, words in (
            ([{"name": "hello", "vers": "1", "path": "/x"}], "but not path, vers"),
            ([{"name": "hello", "vers": None}], "but not vers"),
            ([{"version": "<4"}], "has no name; write it as in {name: tox}"),
            ([{"name": None}], "has no name; write it as in {name: tox}"),
            ([{"name": "hello", "version": 4}], "'4' is not a version specifier"),
            (["../x"], "'../x' is not the name of a tool"),
        ):
            with self.subTest(tools):
                answer = self.call(tools=tools)
                self.assertEqual((True, {}), (answer["failed"], answer["outcome"]))
                self.assertIn(words, answer["msg"])

    def test_no_tools_are_nothing_to_do(self):
        answer = self.call(tools=[])
        self.assertEqual((False, False, []), (answer["failed"], answer["changed"], answer["outcomes"]))

    def test_packages_are_told(self):
        answer = self.call(tools=["other"], sources=["system", "packages"], packages=["python3-other"])
        self.assertEqual((["python3-other"], []), (answer["packages"], answer["outcomes"]))
        self.script("home/bin/mine", "echo mine 3.0")
        facts = {"outcome_fact": "first", "outcomes_fact": "all_of_them"}
        waiting = {"sources": ["system", "packages"], "packages": ["python3-other"]}
        answer = self.call(tools=["other", "mine"], **dict(waiting, **facts))
        self.assertEqual(["mine"], [each["tool"] for each in answer["outcomes"]])
        self.assertNotIn("ansible_facts", answer)
        answer = self.call(tools=["other"], sources=["packages"], packages=["python3-other"], packaged=True)
        self.assertIn("no other on PATH", answer["msg"])

    def test_what_makes_environments_is_told_too(self):
        self.script("home/bin/mine", "echo mine 3.0")
        python = make_python(os.path.join(self.folder, "python"))
        answer = self.call(tools=["mine"], python=python)
        self.assertEqual(python + " -m venv", answer["virtualenv_command"])

    def test_secrets_of_mirrors_appear_nowhere(self):
        secrets = ["j0ename", "s3cr3tword", "t0kenword"]
        url = "http://{}:{}@127.0.0.1:9/simple?token={}".format(*secrets)
        output = self.assert_secrets_are_kept(secrets, tools=["other"], mirrors=[url], timeout=20)
        self.assertIn("http://127.0.0.1:9/simple", output)

    def test_ansible_sends_it_as_it_is(self):
        self.assert_sent_as_it_is(tools=["hello"])

    @unittest.skipIf(os.geteuid() == 0, "root makes a link of it")
    def test_who_may_not_become_root_is_warned(self):
        self.script("home/bin/sudo", "exit 1")
        answer = self.call(tools=["hello"], link=True)
        self.assertEqual([self.in_home("hello")], self.executables(answer))
        self.assertIn("does not run by its bare name", answer["output"])
