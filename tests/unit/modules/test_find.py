"""The module testnode_python_find."""

import json
import os
import sys
import types
import unittest
from unittest import mock

from testnode_python import parameters

from tests.support.precaches import COMPANIONS
from tests.support.pythons import give, make_python, make_venv
from tests.unit import test_provision

from . import ANSIBLE, NEEDS_ANSIBLE, ModuleCase, load

PYTHON2_WORDS = "Python 2 is asked for, by tox_prefer_python2 or ensure_pip_from_packages_with_python2"


class FindSourceTest(ModuleCase):
    """The file."""

    module = "testnode_python_find"

    def test_python_2_can_read_it(self):
        self.assert_python2_reads_it()


class RootTest(test_provision.ProvisionCase):
    """What takes root, by a sudo of our own making."""

    def answer(self, check=False, **arguments):
        loaded = load("testnode_python_find")
        with mock.patch.dict(os.environ, self.environ(), clear=True):
            answer = loaded.answer_to(parameters.read(arguments, loaded.ARGUMENT_SPEC), check)
        self.assertNotIn("failed", answer)
        return answer

    def find(self, *tools, **arguments):
        answer = self.answer(tools=list(tools), python=sys.executable, **arguments)
        self.assertIs(False, answer["changed"])
        return answer["missing"], answer["needs_root"]

    def test_a_link_needs_root_where_the_user_may_become_it(self):
        self.sudo(0)
        self.assertEqual((True, True), self.find("other", link=True))
        self.assertEqual((True, False), self.find("other"))
        self.assertEqual((True, False), self.find("other", link=True, sources=["system", "packages"]))
        self.sudo(1)
        self.assertEqual((True, False), self.find("other", link=True))

    def test_so_does_pip_for_everybody(self):
        self.sudo(0)
        bare = make_python(os.path.join(self.folder, "python"))
        for scope, needs_root in (("global", True), ("user", False)):
            answer = self.answer(pip=True, python=bare, scope=scope)
            self.assertEqual((True, needs_root), (answer["missing"], answer["needs_root"]))

    def test_a_mistake_in_one_tool_leaves_root_to_the_others(self):
        self.sudo(0)
        self.assertEqual((True, True), self.find("../x", "other", link=True, soft=True))
        self.assertEqual((True, False), self.find("../x", soft=True, link=True))

    @test_provision.HAS_PROGRAM
    def test_in_check_mode_a_link_that_root_is_to_make_is_missing_as_ever(self):
        self.become(0)
        tool = {"name": "env", "executable": test_provision.PROGRAM}
        for check in (True, False):
            self.assertEqual((True, False), self.find(tool, link=True, check=check))
        self.assertFalse(os.path.lexists(os.path.join(self.folder, "local-bin")))


class TooOldTest(unittest.TestCase):
    """Under a Python that could not read the library."""

    OLD = (2, 7, 18, "final", 0)
    WORDS = "Python 2.7 is too old for testnode-python, which needs 3.6"
    CURE = "; set ansible_python_interpreter to a newer one"

    def refusal(self, version, name="find", **given):
        loaded = load("testnode_python_" + name)
        loaded.sys = types.SimpleNamespace(version_info=version)
        return loaded.too_old(given)

    def test_it_is_refused_with_the_way_out(self):
        refused = {"failed": True, "msg": self.WORDS + self.CURE}
        for name in ("find", "pip", "tools"):
            self.assertEqual(refused, self.refusal(self.OLD, name, tools=["x"]))
        self.assertEqual(refused, self.refusal(self.OLD, soft=False))

    def test_where_it_is_soft_the_task_is_skipped(self):
        skipped = {"changed": False, "skipped": True, "msg": self.WORDS}
        skipped.update(outcomes=[], packages=[], needs_root=False)
        for soft in (True, "True", "YES ", "on", 1):
            self.assertEqual(skipped, self.refusal(self.OLD, soft=soft, python2=True))

    def test_the_oldest_that_can_is_not_refused(self):
        self.assertIsNone(self.refusal((3, 6, 0, "final", 0)))
        self.assertIs(True, self.refusal((3, 5, 9, "final", 0))["failed"])


@NEEDS_ANSIBLE
class FindModuleTest(ModuleCase):
    """One call."""

    module = "testnode_python_find"

    def asked(self, arguments):
        """Return arguments with this Python: it takes neither precache nor mirrors."""
        return dict({"python": sys.executable}, **arguments)

    def python(self, name="python", lacking=()):
        """Make an interpreter that has pip and its companions."""
        path = make_python(os.path.join(self.folder, name))
        for each in ("pip",) + COMPANIONS:
            if each not in lacking:
                give(path, each, "99.0")
        return path

    def assert_nothing_was_written(self):
        self.assertLessEqual(set(os.listdir(self.home)), {"bin", ".ansible"})

    def test_what_is_there_is_told_in_order(self):
        paths = [self.script("home/bin/" + name, "echo {} 3.0".format(name)) for name in ("two", "one")]
        answer = self.call(tools=["two", {"name": "one", "version": ">=3", "venv": None}])
        self.assertEqual(
            [("two", "system", "3.0", paths[0], False), ("one", "system", "3.0", paths[1], False)],
            [
                (each["tool"], each["source"], each["version"], each["executable"], each["changed"])
                for each in answer["outcomes"]
            ],
        )
        self.assertEqual(
            (False, False, False, False, ""),
            (answer["failed"], answer["changed"], answer["missing"], answer["needs_root"])
            + (answer["virtualenv_command"],),
        )
        self.assertEqual(["system"], [each["source"] for each in answer["outcomes"][0]["attempts"]])

    def test_outcomes_are_facts_where_they_have_names_and_nothing_is_missing(self):
        for name in ("one", "two"):
            self.script("home/bin/" + name, "echo {} 3.0".format(name))
        facts = {"outcome_fact": "first", "outcomes_fact": "all_of_them"}
        for options in ((), ("--check",)):
            answer = self.call(*options, tools=["one", "two"], **facts)
            outcomes = answer["outcomes"]
            self.assertEqual(["one", "two"], [each["tool"] for each in outcomes])
            self.assertEqual({"first": outcomes[0], "all_of_them": outcomes}, answer["ansible_facts"])
        self.assertNotIn("ansible_facts", self.call(tools=["one"]))
        self.assertNotIn("ansible_facts", self.call(tools=["one", "hello"], **facts))

    def test_what_is_not_there_is_missing_in_check_mode_too_and_no_failure(self):
        mine = self.script("home/bin/mine", "echo mine 3.0")
        for options in ((), ("--check",)):
            answer = self.call(*options, tools=["hello", "mine"])
            self.assertEqual(
                (False, False, True, False, [mine]),
                (answer["failed"], answer["changed"], answer["missing"], answer["needs_root"])
                + ([each["executable"] for each in answer["outcomes"]],),
            )
        self.assert_nothing_was_written()

    def test_without_the_system_everything_is_missing(self):
        self.script("home/bin/mine", "echo mine 3.0")
        answer = self.call(tools=["mine"], sources=["precache"])
        self.assertEqual((True, []), (answer["missing"], answer["outcomes"]))

    @unittest.skipIf(os.geteuid() == 0, "root need not ask")
    def test_who_may_become_root_is_told_to(self):
        for status, needs_root in ((0, True), (1, False)):
            self.script("home/bin/sudo", "exit {}".format(status))
            answer = self.call(tools=["hello"], link=True)
            self.assertEqual((True, needs_root), (answer["missing"], answer["needs_root"]))

    def test_what_makes_environments_is_told_where_it_is_asked_for(self):
        self.script("home/bin/mine", "echo mine 3.0")
        python = self.python()
        answer = self.call(tools=["mine"], python=python, venv_command=True)
        self.assertEqual(
            (python + " -m venv", [python]), (answer["virtualenv_command"], answer["interpreters"])
        )
        self.assertEqual("", self.call(tools=["mine"], python=python)["virtualenv_command"])

    def test_python_2_is_refused_with_the_way_out_whatever_is_there(self):
        self.script("home/bin/mine", "echo mine 3.0")
        for arguments in ({"tools": ["mine"]}, {"pip": True}):
            answer = self.call(python2=True, **arguments)
            self.assertIs(True, answer["failed"])
            self.assertIn(PYTHON2_WORDS, answer["msg"])
            self.assertIn("leave it out", answer["msg"])

    def test_what_makes_no_sense_is_refused_in_a_sentence(self):
        for arguments, words in (
            ({"tools": [{"name": "hello", "vers": "1"}]}, "but not vers"),
            ({"tools": ["../x"]}, "'../x' is not the name of a tool"),
            ({"pip": True, "python": "/nonexistent/python"}, "there is no program '/nonexistent/python'"),
            ({"pip": True, "version": "4"}, "'4' is not a version specifier"),
        ):
            with self.subTest(arguments):
                answer = self.call(**arguments)
                self.assertIs(True, answer["failed"])
                self.assertIn(words, answer["msg"])

    def test_where_it_is_soft_that_is_missing_and_left_to_who_provides(self):
        mine = self.script("home/bin/mine", "echo mine 3.0")
        for wrong, outcomes in (
            ({"name": "hello", "vers": "1"}, []),
            ({"version": "<4"}, []),
            ("../x", [mine]),
        ):
            with self.subTest(wrong):
                answer = self.call(tools=[wrong, "mine"], soft=True)
                self.assertEqual(
                    (False, False, True, False, outcomes),
                    (answer["failed"], answer["changed"], answer["missing"], answer["needs_root"])
                    + ([each["executable"] for each in answer["outcomes"]],),
                )

    def test_pip_is_found_for_each_with_what_makes_environments(self):
        one, two = self.python("one"), self.python("two")
        answer = self.call(pip=True, from_upstream=True, from_upstream_interpreters=[two, one])
        self.assertEqual(
            [("pip", "system", "99.0", os.path.join(os.path.dirname(path), "pip3")) for path in (two, one)],
            [
                (each["tool"], each["source"], each["version"], each["executable"])
                for each in answer["outcomes"]
            ],
        )
        self.assertEqual(
            (False, False, False, False, [two, one], two + " -m venv"),
            (answer["failed"], answer["changed"], answer["missing"], answer["needs_root"])
            + (answer["interpreters"], answer["virtualenv_command"]),
        )
        self.script("home/bin/virtualenv", "exit 0")
        mine = self.call(pip=True, python=one, virtualenv_command="virtualenv -p 3")
        self.assertEqual(([one], "virtualenv -p 3"), (mine["interpreters"], mine["virtualenv_command"]))

    def test_pip_that_is_not_whole_or_does_not_fit_is_missing(self):
        venv = make_venv(os.path.join(self.folder, "venv"))
        for arguments in (
            {"python": venv},
            {"python": self.python("some", lacking=("wheel",)), "scope": "user"},
            {"python": self.python(), "version": "<99", "scope": "user"},
        ):
            with self.subTest(arguments):
                answer = self.call(pip=True, **arguments)
                self.assertEqual(
                    (False, False, True, False, [], [arguments["python"]], ""),
                    (answer["failed"], answer["changed"], answer["missing"], answer["needs_root"])
                    + (answer["outcomes"], answer["interpreters"], answer["virtualenv_command"]),
                )
        self.assertFalse(os.path.exists(os.path.join(os.path.dirname(venv), "pip3")))
        self.assert_nothing_was_written()

    def test_what_is_no_parameter_is_refused_though_it_is_soft(self):
        for arguments, words in (
            ({"tool": "x"}, "there is no parameter tool; choose from from_packages, "),
            (
                {"sources": ["moon"]},
                "'moon' in sources is no choice; choose from system, precache, mirror, packages",
            ),
            ({"link": "perhaps"}, "link is neither true nor false: 'perhaps'"),
        ):
            with self.subTest(arguments):
                answer = self.call(soft=True, **arguments)
                self.assertIs(True, answer["failed"])
                self.assertIn(words, answer["msg"])

    def test_arguments_are_read_as_ansible_reads_them(self):
        mine = self.script("home/bin/mine", "echo mine 3.0")
        answer = self.call(tools="mine,other", venv_command="no", soft="yes", sources="system,mirror")
        self.assertEqual([mine], [each["executable"] for each in answer["outcomes"]])
        self.assertIs(True, answer["missing"])

    def test_ansible_sends_it_as_it_is(self):
        self.assert_sent_as_it_is(tools=["hello"])

    def test_no_text_in_an_argument_is_run(self):
        harm = os.path.join(self.folder, "harm")
        marks = ["<<INCLUDE_ANSIBLE_MODULE_{}_ARGS>>".format(kind) for kind in ("JSON", "COMPLEX")]
        marks += ['"{}"'.format(marks[1]), "syslog.LOG_USER", "'", '"', '"""', "\\", "\u2028", "\U0001f600"]
        runs = ["+open({!r}, 'w').name+", ";open({!r}, 'w');", "\nopen({!r}, 'w')\n"]
        texts = [
            mark + quote + run.format(harm) + end + quote
            for mark in marks
            for run in runs
            for quote, end in (("'", "b"), ('"', ""), ('"""', ""), ('\\"""', ""), ("", ""))
        ]
        task = {self.module: {"tools": ["{{ item }}"]}, "loop": texts, "ignore_errors": True}
        # As the roles do, for it is filled in after the arguments, and into them.
        task["vars"] = {"ansible_syslog_facility": "LOG_USER"}
        facility = 'x"""); open({!r}, "w"); (r"""'.format(harm)
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
        play[0]["vars"] = {"ansible_syslog_facility": facility}
        output = self.run_ansible(ANSIBLE + "-playbook", self.write("play.json", json.dumps(play)))
        self.assertEqual(len(texts), output.count("failed: [localhost]"), output)
        self.assertEqual(0, output.count("MODULE FAILURE"), output)
        self.assertFalse(os.path.exists(harm))
