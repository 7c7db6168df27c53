"""What the arguments of a module ask for, whichever of the modules it is."""

import os
import unittest

from testnode_python import arguments
from testnode_python.errors import UsageError
from testnode_python.request import Request

from tests.support.nodes import InAFolder, clean_environ

# What the module that only looks has; the others have more.
FEWEST = {
    "sources": ["system", "mirror"],
    "python": "/usr/bin/python3",
    "version": "",
    "scope": "global",
    "from_packages": False,
    "from_upstream": False,
    "from_upstream_interpreters": ["python3"],
}
MORE = {
    "precache": "/srv/precache",
    "mirrors": ["https://one/simple", "https://two/simple"],
    "link": True,
    "packaged": True,
    "timeout": 7.5,
    "from_upstream_url": "https://h/get-pip.py",
}


class ToolsTest(InAFolder):
    """Tools, each a name or a dictionary."""

    def tools(self, *tools, **params):
        return arguments.tools_of(dict(FEWEST, tools=list(tools), **params))

    def refusal(self, *tools):
        with self.assertRaises(UsageError) as caught:
            self.tools(*tools)
        return caught.exception.cause

    def test_what_a_module_does_not_have_is_as_a_request_has_it(self):
        self.assertEqual(
            [Request("tox", sources=("system", "mirror"), python="/usr/bin/python3")], self.tools("tox")
        )
        self.assertEqual([], self.tools())

    def test_what_it_has_is_asked_for_each(self):
        common = {
            "sources": ("system", "mirror"),
            "python": "/usr/bin/python3",
            "precache": "/srv/precache",
            "mirrors": ("https://one/simple", "https://two/simple"),
            "link": True,
            "packaged": True,
            "timeout": 7.5,
        }
        self.assertEqual(
            [Request("tox", **common), Request("nox", version="<4", **common)],
            self.tools("tox", {"name": "nox", "version": "<4"}, **MORE),
        )

    def test_a_dictionary_says_more_and_what_it_leaves_open_is_left_open(self):
        full = {"name": "x", "version": "<4", "command": "y", "executable": "/bin/y", "venv": "~/x"}
        known = {"sources": ("system", "mirror"), "python": "/usr/bin/python3"}
        self.assertEqual(
            [
                Request("x", version="<4", command="y", executable="/bin/y", venv="~/x", **known),
                Request("x", **known),
            ],
            self.tools(full, dict(dict.fromkeys(full), name="x")),
        )

    def test_numbers_are_what_was_written(self):
        (request,) = self.tools({"name": "tox", "version": 4})
        self.assertEqual("4", request.version)

    def test_what_it_cannot_say_is_named(self):
        self.assertIn("but not path, vers", self.refusal({"name": "tox", "vers": "1", "path": None}))
        self.assertIn("but not 3, a", self.refusal({"name": "tox", "a": 1, 3: "b"}))

    def test_a_tool_has_a_name(self):
        for tool in ({}, {"version": "<4"}, {"name": None}, None):
            with self.subTest(tool):
                self.assertIn("has no name", self.refusal("tox", tool))

    def test_check_mode_asks_for_nothing_to_be_written(self):
        params = dict(FEWEST, tools=["tox"])
        self.assertEqual(
            [True, False],
            [request.dry for dry in (True, False) for request in arguments.tools_of(params, dry)],
        )


class PipsTest(InAFolder):
    """pip, for one Python or several."""

    def setUp(self):
        super().setUp()
        self.found = {name: self.script("bin/" + name) for name in ("python3", "python3.9", "python3.12")}

    def pips(self, *more, **params):
        return arguments.pips_of(dict(FEWEST, **params), clean_environ(self.folder), *more)

    def test_it_is_asked_for_the_python_that_is_meant(self):
        self.assertEqual(
            [Request("pip", sources=("system", "mirror"), scope="global", python=self.found["python3.9"])],
            self.pips(python="python3.9"),
        )
        self.assertEqual([self.found["python3"]], [request.python for request in self.pips(python="")])
        with self.assertRaises(UsageError):
            self.pips(python="python3.6")

    def test_version_and_scope_and_what_else_the_module_has_are_passed_on(self):
        (request,) = self.pips(**dict(MORE, python="python3", version="<24", scope="user"))
        self.assertEqual(
            Request(
                "pip",
                version="<24",
                scope="user",
                sources=("system", "mirror"),
                python=self.found["python3"],
                precache="/srv/precache",
                mirrors=("https://one/simple", "https://two/simple"),
                link=True,
                packaged=True,
                timeout=7.5,
            ),
            request,
        )

    def test_from_packages_is_from_what_is_there_or_from_packages(self):
        (request,) = self.pips(python="python3", from_packages=True)
        self.assertEqual(("system", "packages"), request.sources)

    def test_get_pip_serves_its_interpreters_in_their_order(self):
        asked = self.pips(
            from_upstream=True,
            from_upstream_interpreters=["python3.12", "python3.9"],
            from_upstream_url="https://h/get-pip.py",
        )
        self.assertEqual(
            [(self.found[name], "https://h/get-pip.py") for name in ("python3.12", "python3.9")],
            [(request.python, request.get_pip) for request in asked],
        )

    def test_or_the_one_python_where_none_are_named(self):
        asked = self.pips(from_upstream=True, from_upstream_interpreters=[], python="python3.9")
        self.assertEqual([self.found["python3.9"]], [request.python for request in asked])

    def test_where_it_is_not_asked_for_neither_it_nor_its_interpreters_count(self):
        asked = self.pips(
            python="python3",
            from_upstream_interpreters=["python3.9"],
            from_upstream_url="https://h/get-pip.py",
        )
        self.assertEqual([(self.found["python3"], "")], [(each.python, each.get_pip) for each in asked])

    def test_who_only_looks_has_no_url(self):
        (request,) = self.pips(from_upstream=True)
        self.assertEqual("", request.get_pip)

    def test_check_mode_asks_for_nothing_to_be_written(self):
        for dry in (True, False):
            (request,) = self.pips(dry, python=os.path.join(self.folder, "bin", "python3"))
            self.assertIs(dry, request.dry)


class FactsTest(unittest.TestCase):
    """Outcomes that a module leaves as facts."""

    OUTCOMES = [{"tool": "one"}, {"tool": "two"}]

    def test_each_name_has_its_own(self):
        params = {"outcome_fact": "first", "outcomes_fact": "all"}
        facts = {"first": self.OUTCOMES[0], "all": self.OUTCOMES}
        self.assertEqual({"ansible_facts": facts}, arguments.facts_of(params, self.OUTCOMES))

    def test_without_a_name_there_are_none(self):
        for params in ({"outcome_fact": "", "outcomes_fact": ""}, {"outcome_fact": ""}):
            self.assertEqual({}, arguments.facts_of(params, self.OUTCOMES))

    def test_where_nothing_was_asked_for_there_is_no_first_one(self):
        params = {"outcome_fact": "first", "outcomes_fact": "all"}
        self.assertEqual({"ansible_facts": {"all": []}}, arguments.facts_of(params, []))
