"""What a node knows of itself, and which requests make no sense."""

import os
import sys
import unittest

from testnode_python import precache
from testnode_python.errors import Error, PrecacheError, UsageError
from testnode_python.manifest import Locked
from testnode_python.request import DEFAULT_SOURCES, Request

from tests.support.nodes import InAFolder, clean_environ, make_node
from tests.support.precaches import LOCKED, HasPrecache


class SenseTest(InAFolder):
    """Refused before anything is looked at."""

    def assert_refused(self, cause, **asked):
        with self.assertRaises(UsageError) as caught:
            make_node(self.folder, **asked)
        self.assertIn(cause, caught.exception.cause)

    def test_sources_that_are_none_are_named(self):
        self.assert_refused("'network', 'pypi' is no source", sources=("system", "pypi", "network"))
        self.assert_refused("nothing is no source", sources=())
        self.assert_refused("'' is no source", sources=("",))

    def test_scopes_that_are_none_are_named(self):
        self.assert_refused("'system' is no scope", scope="system")

    def test_specifiers_and_names_that_are_none_are_named(self):
        self.assert_refused("'4.23' is not a version specifier", version="4.23")
        self.assert_refused("'../x' is not the name of a tool", tool="../x")
        self.assert_refused("'/bin/sh' is not the name of a command", command="/bin/sh")

    def test_a_time_that_no_clock_measures_is_refused(self):
        for seconds in (0, -1.0, float("nan"), float("inf"), 1e12):
            with self.subTest(seconds):
                self.assert_refused("{:g} s is no time to work in".format(seconds), timeout=seconds)


class NodeTest(InAFolder):
    """A node without a precache."""

    def test_a_share_of_the_time_is_the_same_node_with_less(self):
        node = make_node(self.folder)
        share = node.within(1)
        self.assertLessEqual(share.deadline.left(), 1)
        self.assertGreater(node.deadline.left(), 1)
        self.assertIs(node.request, share.request)

    def test_asking_for_something_else_is_the_same_node_with_what_is_known_of_it(self):
        node = make_node(self.folder, venv="/opt/x")
        interpreter = node.interpreter
        other = node.asking(link=True, sources=("system",))
        self.assertEqual((True, ("system",)), (other.request.link, other.request.sources))
        self.assertEqual((False, DEFAULT_SOURCES), (node.request.link, node.request.sources))
        self.assertEqual(("hello", "/opt/x"), (other.request.tool, other.request.venv))
        self.assertIs(interpreter, other.interpreter)
        self.assertIs(node.deadline, other.deadline)
        # What it finds out is its own.
        other.look_again()
        self.assertIs(interpreter, node.interpreter)

    def test_the_interpreter_is_examined_once_until_it_is_looked_at_again(self):
        node = make_node(self.folder)
        first = node.interpreter
        self.assertEqual(sys.executable, first.platform.executable)
        self.assertIs(first, node.interpreter)
        node.look_again()
        self.assertIsNot(first, node.interpreter)

    def test_what_the_python_that_runs_us_is_is_known_without_starting_it(self):
        node = make_node(self.folder)
        self.assertEqual(sys.version_info[:2], node.platform.minor)
        self.assertIsNone(node._interpreter)
        self.assertEqual(node.interpreter.platform, node.platform)

    def test_whether_it_has_ensurepip_is_known_without_starting_it_too(self):
        node = make_node(self.folder)
        known = node.has_ensurepip
        self.assertIsNone(node._interpreter)
        self.assertIs(node.interpreter.ensurepip, known)

    def test_whether_another_has_ensurepip_is_asked_of_it(self):
        python = 'exec {} "$@" | sed \'s/"ensurepip": [a-z]*/"ensurepip": {}/\''
        for answer in (True, False):
            mine = self.script("mine", python.format(sys.executable, str(answer).lower()))
            environ = clean_environ(self.folder, "/usr/bin", "/bin")  # where sed is
            node = make_node(self.folder, environ=environ, python=mine)
            self.assertIs(answer, node.has_ensurepip)

    def test_what_another_python_is_is_asked_of_it(self):
        node = make_node(self.folder, python=self.script("mine", 'exec {} "$@"'.format(sys.executable)))
        self.assertEqual(sys.version_info[:2], node.platform.minor)
        self.assertIs(node.interpreter.platform, node.platform)

    def test_the_interpreter_is_python3_of_the_path_where_none_is_named(self):
        path = self.script("bin/python3", 'exec {} "$@"'.format(sys.executable))
        self.assertEqual(
            "{}.{}".format(*sys.version_info[:2]), make_node(self.folder, python="").platform.series
        )
        os.unlink(path)
        with self.assertRaises(UsageError):
            make_node(self.folder, python="").interpreter  # noqa: B018 - looking is what fails

    def test_its_environments_are_in_the_home_unless_the_caller_says_where(self):
        self.assertEqual(self.folder + "/.local/hello", make_node(self.folder).place.path)
        self.assertEqual("/opt/x", make_node(self.folder, venv="/opt/x").place.path)
        # What everybody runs lies in nobody's home.
        for venv in ("", "~/x"):
            linked = make_node(self.folder, venv=venv, link=True)
            self.assertEqual("/usr/hello-env", linked.place.path)
            self.assertEqual(os.geteuid() == 0, linked.place.shared)

    def test_nothing_more_is_asked_for_than_the_caller_said(self):
        request = Request("hello")
        self.assertEqual((False, (), False), (request.link, request.modules, request.dry))

    def test_a_caller_without_home_has_that_of_the_users_list(self):
        environ = clean_environ(self.folder)
        del environ["HOME"]
        self.assertEqual(os.path.expanduser("~"), make_node(self.folder, environ=environ).home)

    def test_without_a_precache_every_question_for_it_says_so(self):
        node = make_node(self.folder)
        for _ in range(2):
            with self.assertRaises(PrecacheError) as caught:
                node.precache  # noqa: B018 - looking is what fails
            self.assertIn("no-precache", caught.exception.cause)
        self.assertIsNone(node.lock_for("hello"))

    def test_a_tool_is_declared_as_it_is_known_here(self):
        self.assertEqual("pip3", make_node(self.folder, "pip").declared.command)
        self.assertEqual("mine", make_node(self.folder, "pip", command="mine").declared.command)

    def test_the_mirrors_are_those_of_the_caller_else_of_pips_configuration(self):
        node = make_node(self.folder, mirrors=("https://one/simple", "https://two/simple"))
        self.assertEqual(["https://one/simple", "https://two/simple"], [each.name for each in node.mirrors()])
        (configured,) = make_node(self.folder).mirrors()
        self.assertEqual(["http://127.0.0.1:9/simple"], configured.indexes)

    def test_secrets_are_known_from_wherever_urls_come(self):
        environ = clean_environ(
            self.folder,
            PIP_INDEX_URL="https://u:configured@host/simple",
            PIP_EXTRA_INDEX_URL="https://u:extra@host/simple",
            https_proxy="http://u:proxied@proxy:3128",
            HTTP_PROXY="u:PROXIED@proxy:3128",
        )
        asked = {
            "mirrors": ("https://u:listed@host/simple",),
            "get_pip": "https://host/get-pip.py?key=signed",
        }
        node = make_node(self.folder, environ=environ, **asked)
        self.assertLessEqual({"listed", "signed", "proxied", "PROXIED"}, node.secrets())
        node.mirrors()
        self.assertLessEqual({"configured", "extra"}, node.secrets())

    def test_a_lock_that_the_caller_brings_is_the_tools_and_no_others(self):
        lock = Locked("1.0", [])
        node = make_node(self.folder, lock=lock)
        self.assertIs(lock, node.lock_for("hello"))
        self.assertIsNone(node.lock_for("pip"))
        self.assertEqual("", node.lock_date())


class NodeWithPrecacheTest(HasPrecache):
    """What the precache adds."""

    def setUp(self):
        super().setUp()
        self.pip = self.wheel("pip")

    def places(self, node):
        return list(node._places_of_pip())

    def test_it_is_opened_once(self):
        node = self.node()
        self.assertIs(node.precache, node.precache)
        self.assertEqual(self.precache, node.precache.path)

    def test_its_locks_and_their_date_are_known(self):
        node = self.node()
        self.assertEqual("1.0", node.lock_for("hello").version)
        self.assertIsNone(node.lock_for("absent"))
        self.assertEqual(LOCKED, node.lock_date())

    def test_a_tool_is_declared_as_the_toolset_says(self):
        def change(data):
            data["tools"]["hello"]["command"] = "greet"

        self.change_manifest(change)
        self.assertEqual("greet", self.node().declared.command)
        self.assertEqual("mine", self.node(command="mine").declared.command)
        self.assertEqual("other", self.node("other").declared.command)

    def test_versions_are_compared_by_its_pip_first(self):
        self.assertEqual(self.pip, self.places(self.node())[0])

    def test_a_pip_that_is_not_what_was_locked_is_never_imported(self):
        with open(self.pip, "ab") as file:
            file.write(b"x")
        self.assertNotIn(self.pip, self.places(self.node()))
        os.unlink(self.pip)
        self.assertNotIn(self.pip, self.places(self.node()))

    def test_without_it_the_interpreters_own_pip_and_the_bundled_one_serve(self):
        node = make_node(self.home)
        wanted = []
        if "pip" in node.interpreter.modules:
            wanted.append(node.interpreter.modules["pip"].folder)
        if node.interpreter.bundled_pip:
            wanted.append(node.interpreter.bundled_pip)
        self.assertEqual(wanted, self.places(node))

    def test_the_pip_for_the_python_that_runs_us_comes_before_those_for_others(self):
        def change(data):
            (name,) = data["targets"]
            other = dict(data["targets"][name], python=[3, 5], tools=dict(data["targets"][name]["tools"]))
            older = dict(other["tools"]["pip"]["wheels"][0], file="pip-1-py3-none-any.whl", version="1")
            other["tools"]["pip"] = dict(other["tools"]["pip"], wheels=[older])
            data["targets"] = {"cp35": other, name: data["targets"][name], "again": data["targets"][name]}

        self.change_manifest(change)
        self.assertEqual(
            [os.path.basename(self.pip), "pip-1-py3-none-any.whl"],
            [wheel.file for wheel in self.node()._locked_pips()],
        )

    def test_a_target_without_pip_gives_none(self):
        def change(data):
            for target in data["targets"].values():
                del target["tools"]["pip"]

        self.change_manifest(change)
        self.assertEqual([], self.node()._locked_pips())

    def test_what_satisfies_is_told_by_it(self):
        self.assertTrue(self.node().versions.satisfies("4.10", ">4.9"))

    def test_a_precache_of_somebody_else_is_none(self):
        os.chmod(self.precache, 0o777)
        with self.assertRaises(Error):
            self.node().precache  # noqa: B018 - looking is what fails
        self.assertEqual([], self.node()._locked_pips())

    @unittest.skipIf(os.path.exists(precache.DEFAULT_PATH), "this machine has a precache")
    def test_where_none_is_named_it_is_the_one_of_the_image(self):
        with self.assertRaises(PrecacheError) as caught:
            self.node(precache="").precache  # noqa: B018 - looking is what fails
        self.assertIn(precache.DEFAULT_PATH, caught.exception.cause)
