"""Versions are compared by the packaging that some pip carries."""

import json
import os
import subprocess
import sys
import unittest
import zipfile

from testnode_python.errors import Error, UsageError
from testnode_python.versions import Versions, check_specifier, version_in

from tests.support.nodes import InAFolder
from tests.support.wheels import make_wheel, rebuild_wheel

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class CheckSpecifierTest(unittest.TestCase):
    """What may come near a requirement file or a command line."""

    def test_specifiers_are_let_through(self):
        for specifier in (
            "",
            "==4.23.2",
            ">=4,<5",
            "<4",
            "~=4.1",
            "!=4.0.*",
            "===1.0-x",
            "<4, >3",
            ">= 4, < 5.0rc1",
        ):
            with self.subTest(specifier):
                check_specifier(specifier)

    def test_what_could_be_something_else_is_refused(self):
        for specifier in (
            ["4.23", " ", "-r /etc/passwd", "==1.0 --index-url=https://evil/", "==1.0; python_version"]
            + ["@ https://evil/x.whl", "==1.0\n", "==1.0\n--index-url x", "==1.0\r", "[extra]==1", "latest"]
            + ["$(id)", "==`id`", "==1.0 # x", "\n==1", ",==1", "==1.0 --pre", "==1 -rx", "==-rx", ">=4,=<5"]
        ):
            with self.subTest(specifier):
                with self.assertRaises(UsageError) as caught:
                    check_specifier(specifier)
                self.assertIn(repr(specifier), caught.exception.cause)
                self.assertIn(">=4,<5", caught.exception.cure)


class VersionInTest(unittest.TestCase):
    """The version in what programs print."""

    def test_the_first_version_is_found(self):
        for text, expected in (
            ("tox 4.23.2 from /usr/lib/python3.11/site-packages/tox", "4.23.2"),
            ("4.0.0rc1", "4.0.0rc1"),
            ("virtualenv 20.26.6+ds-1 from /usr", "20.26.6+ds-1"),
            ("pip 24.2, python 3.11", "24.2"),
            ("uv 0.8.0 (abc1 2025-01-01)", "0.8.0"),
            ("version 1.2.3.", "1.2.3"),
            ("stestr 4.1.0.dev12+gabc\n", "4.1.0.dev12+gabc"),
            ("nothing 7 here", ""),
            ("", ""),
        ):
            with self.subTest(text):
                self.assertEqual(expected, version_in(text))


class NeedsNoPip(unittest.TestCase):
    """What can be answered without comparing."""

    def test_no_specifier_is_satisfied_by_all_and_nobody_is_asked(self):
        self.assertTrue(Versions(lambda: self.fail("asked")).satisfies("", ""))

    def test_where_no_pip_is_at_hand_it_says_so(self):
        with self.assertRaises(Error) as caught:
            Versions(lambda: []).satisfies("4.0", ">=4")
        self.assertIn("no pip is at hand", caught.exception.cause)
        self.assertIn("--version", caught.exception.cure)


_CODE = """
import json, sys, warnings
from testnode_python.errors import UsageError
from testnode_python.versions import Versions
job = json.load(sys.stdin)
before = list(sys.path)
asked = []
def places():
    for place in job["places"]:
        asked.append(place)
        yield place
versions = Versions(places)
answers = []
for version, specifier in job["questions"]:
    try:
        answers.append(versions.satisfies(version, specifier))
    except UsageError as error:
        answers.append(str(error))
module = sys.modules.get("pip._vendor.packaging.specifiers")
print(json.dumps([answers, asked, sys.path == before, getattr(module, "__file__", "")]))
"""


class SatisfiesTest(InAFolder):
    """Asked in a process of its own: what was imported once stays imported."""

    def setUp(self):
        super().setUp()
        self.pip = rebuild_wheel("pip", self.folder)

    def ask(self, *questions, **options):
        """Return the answers, the places asked, whether sys.path is as before, and what was imported."""
        job = {"questions": questions, "places": options.get("places", [self.pip])}
        path = os.pathsep.join(options.get("path", []) + [os.path.join(ROOT, "library", "module_utils")])
        done = subprocess.run(
            [sys.executable, "-S", "-W", "ignore", "-c", _CODE],
            input=json.dumps(job).encode(),
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": path, "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=self.folder,
            check=True,
        )
        return json.loads(done.stdout.decode())

    def test_pep_440_is_obeyed(self):
        table = (
            ("4.23.2", "==4.23.2", True),
            ("4.23", "==4.23.0", True),
            ("4.10", ">4.9", True),
            ("4.10", "<4.9", False),
            ("5.0", ">=4,<5", False),
            ("4.99", ">=4,<5", True),
            ("4.1.9", "~=4.1.2", True),
            ("4.2", "~=4.1.2", False),
            ("4.2", "!=4.2.*", False),
            ("1!1.0", ">2", True),
            ("4.0.post1", ">4.0", False),
            ("4.0+local", "==4.0", True),
        )
        answers = self.ask(*[row[:2] for row in table])[0]
        self.assertEqual([row[2] for row in table], answers)

    def test_a_pre_release_that_is_there_counts(self):
        self.assertEqual([True, False], self.ask(("4.0.0rc1", ">=3"), ("4.0.0rc1", ">=4"))[0])

    def test_what_is_no_version_satisfies_nothing(self):
        self.assertEqual([False, False], self.ask(("", ">=1"), ("unknown", "!=1"))[0])

    def test_what_is_no_specifier_is_the_callers_mistake(self):
        answer = self.ask(("4.0", ">=4,=<5"))[0][0]
        self.assertEqual("'>=4,=<5' is not a version specifier (PEP 440)", answer)

    def test_the_first_place_that_works_is_taken_and_no_further_one_asked(self):
        answers, asked, clean, module = self.ask(
            ("4.0", ">=4"), ("3.0", ">=4"), places=[self.pip, "/nonexistent"]
        )
        self.assertEqual([True, False], answers)
        self.assertEqual([self.pip], asked)
        self.assertTrue(clean)
        self.assertTrue(module.startswith(self.pip))

    def test_places_without_a_whole_pip_are_passed_over(self):
        cut = self.write("pip-0-py3-none-any.whl", open_bytes(self.pip)[:5000])
        empty = make_wheel(os.path.dirname(self.write("other/x", "")), "pip", "1", {"pip/__init__.py": ""})
        broken = os.path.dirname(os.path.dirname(self.write("broken/pip/__init__.py", "import nothing.here")))
        places = ["/nonexistent", cut, empty, broken, self.pip]
        answers, asked, clean, module = self.ask(("4.0", ">=4"), places=places)
        self.assertEqual(([True], places, True), (answers, asked, clean))
        self.assertTrue(module.startswith(self.pip))

    def test_an_installed_pip_serves_and_leaves_the_path_in_its_order(self):
        site = os.path.join(self.folder, "site")
        with zipfile.ZipFile(self.pip) as wheel:
            wheel.extractall(site)
        last = os.path.join(self.folder, "last")
        answers, _, clean, module = self.ask(("4.0", ">=4"), places=[site], path=[site, last])
        self.assertEqual(([True], True), (answers, clean))
        self.assertTrue(module.startswith(site))

    def test_nothing_else_in_a_folder_shadows_the_standard_library(self):
        site = os.path.join(self.folder, "site")
        with zipfile.ZipFile(self.pip) as wheel:
            wheel.extractall(site)
        self.write("site/logging.py", "raise SystemExit('shadowed')")
        self.assertEqual([True], self.ask(("4.0", ">=4"), places=[site])[0])


def open_bytes(path):
    """Return a file's content."""
    with open(path, "rb") as file:
        return file.read()


class InThisProcessTest(InAFolder):
    """The same, where the import of a pip is seen by us."""

    def setUp(self):
        super().setUp()
        taken = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "pip"}
        self.addCleanup(sys.modules.update, taken)
        self.addCleanup(self.forget)

    @staticmethod
    def forget():
        for name in [name for name in sys.modules if name.split(".")[0] == "pip"]:
            del sys.modules[name]

    def make_pip(self, name, packaging):
        """Make a folder with a pip that carries this as its packaging.specifiers."""
        for folder in ("pip", "pip/_vendor", "pip/_vendor/packaging"):
            self.write("{}/{}/__init__.py".format(name, folder), "")
        path = self.write("{}/pip/_vendor/packaging/specifiers.py".format(name), packaging)
        return path[: -len("/pip/_vendor/packaging/specifiers.py")]

    def test_a_place_that_fails_leaves_nothing_behind(self):
        broken = self.make_pip("broken", "raise RuntimeError('damaged')")
        good = self.make_pip(
            "good",
            "class InvalidSpecifier(ValueError): pass\n"
            "class Version:\n"
            "    def __init__(self, text):\n"
            "        if not text: raise ValueError(text)\n"
            "class Specifier:\n"
            "    def __init__(self, text):\n"
            "        if text == 'bad': raise InvalidSpecifier(text)\n"
            "    def contains(self, version, prereleases):\n"
            "        return prereleases\n",
        )
        before = list(sys.path)
        # Hides what is installed for the tests themselves.
        sys.path[:] = [place for place in before if not os.path.isdir(os.path.join(place, "pip"))]
        self.addCleanup(sys.path.__setitem__, slice(None), before)
        hidden = list(sys.path)
        versions = Versions(lambda: [broken, good])
        self.assertTrue(versions.satisfies("1.0", ">=1"))
        self.assertFalse(versions.satisfies("", ">=1"))
        with self.assertRaises(UsageError):
            versions.satisfies("1.0", "bad")
        self.assertEqual(hidden, sys.path)
        self.assertTrue(sys.modules["pip"].__file__.startswith(good))
        with self.assertRaises(Error):
            self.forget()
            Versions(lambda: [broken]).satisfies("1.0", ">=1")
        self.assertEqual([], [name for name in sys.modules if name.split(".")[0] == "pip"])
