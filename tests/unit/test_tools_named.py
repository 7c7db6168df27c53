"""Tools are known by name, without a precache too."""

import unittest

from testnode_python.errors import UsageError
from testnode_python.tools import Tool, normalize, tool_named


class ToolNamedTest(unittest.TestCase):
    """What a name stands for, and what is no name."""

    def test_a_tool_nobody_declared_is_its_own_requirement_and_command(self):
        self.assertEqual(Tool("cowsay", ["cowsay"], "cowsay", ["--version"]), tool_named("cowsay"))

    def test_tools_that_differ_from_the_rule_are_known(self):
        pip = tool_named("pip")
        self.assertEqual("pip3", pip.command)
        self.assertEqual(["pip", "setuptools", "wheel", "packaging"], pip.requirements)
        self.assertEqual("pyproject-build", tool_named("build").command)
        self.assertEqual(
            ("python", "pyyaml"), (tool_named("zuul-cloner").command, tool_named("zuul-cloner").distribution)
        )

    def test_the_spelling_of_a_name_does_not_matter(self):
        self.assertEqual(tool_named("os-testr"), tool_named("OS_Testr"))

    def test_a_command_of_another_name_is_taken(self):
        tool = tool_named("python-subunit", "subunit-ls")
        self.assertEqual(("python-subunit", "subunit-ls"), (tool.name, tool.command))
        self.assertEqual("mine", tool_named("pip", "mine").command)
        self.assertEqual("pip3", tool_named("pip").command)

    def test_what_is_no_name_is_refused_with_the_place_of_versions(self):
        for name in (
            "",
            "-r",
            "../x",
            "a/b",
            "tox==4",
            "tox>4",
            "a b",
            "tox[extra]",
            "tox\n",
            ".x",
            "x-",
            "$(id)",
        ):
            with self.subTest(name):
                with self.assertRaises(UsageError) as caught:
                    tool_named(name)
                self.assertEqual("{!r} is not the name of a tool".format(name), caught.exception.cause)
                self.assertIn("--version", caught.exception.cure)

    def test_what_is_no_command_is_refused(self):
        for command in ("-c", "/bin/sh", "../x", "a b", "x\n", "..", "$(id)"):
            with self.subTest(command):
                with self.assertRaises(UsageError) as caught:
                    tool_named("tox", command)
                self.assertEqual("{!r} is not the name of a command".format(command), caught.exception.cause)


class DistributionTest(unittest.TestCase):
    """The distribution whose version is the tool's."""

    def test_it_is_the_name_in_the_first_requirement(self):
        for requirement, expected in (
            ("tox", "tox"),
            ("PyYAML", "pyyaml"),
            ("zope.interface>=5", "zope-interface"),
            ("os_testr ; python_version < '3.8'", "os-testr"),
            ("tox[extra]==4", "tox"),
            ("a-b~=1", "a-b"),
        ):
            with self.subTest(requirement):
                self.assertEqual(expected, Tool("x", [requirement, "second"], "x", []).distribution)

    def test_names_are_normalized_as_pep_503_says(self):
        self.assertEqual("friendly-bard", normalize("Friendly-._.-Bard"))
