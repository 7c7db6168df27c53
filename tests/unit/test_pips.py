"""Running pip out of a wheel, and where that wheel comes from."""

import os
import sys
import tempfile
import time
import unittest
from unittest import mock

from testnode_python import network, pips
from testnode_python.commands import Deadline, Result
from testnode_python.configuration import Mirror
from testnode_python.errors import CommandError, Error, MirrorError
from testnode_python.indexes import Link
from testnode_python.manifest import Wheel
from testnode_python.outcome import Ready

from tests.support.index import Index
from tests.support.nodes import InAFolder, clean_environ, make_node
from tests.support.precaches import make_precache
from tests.support.wheels import make_wheel

DIGEST = "0123456789abcdef" * 4


def link(file, requires_python=""):
    """Return a link to a file that is nowhere."""
    return Link(file, "https://x/" + file, "", requires_python)


class NewestFirstTest(InAFolder):
    """Which pip is fetched where none is locked."""

    def newest(self, *links, minor=(3, 9)):
        """Return the files that fit, in order."""
        return [each.file for each in pips.newest_first(links, minor)]

    def test_versions_are_compared_as_numbers(self):
        files = [
            "pip-{}-py3-none-any.whl".format(version) for version in ("9.0.3", "24.0", "23.3.1", "23.10")
        ]
        self.assertEqual(
            ["pip-24.0", "pip-23.10", "pip-23.3.1", "pip-9.0.3"],
            [name.rpartition("-py3")[0] for name in self.newest(*map(link, files))],
        )

    def test_those_for_newer_pythons_do_not_count(self):
        links = [
            link("pip-25.0-py3-none-any.whl", ">=3.10"),
            link("pip-24.0-py3-none-any.whl", ">=3.9, !=3.9.1"),
            link("pip-21.3.1-py3-none-any.whl", "!=3.0.*,>= 3.6"),
            link("pip-20.0-py2.py3-none-any.whl"),
        ]
        self.assertEqual(3, len(self.newest(*links)))
        self.assertEqual(2, len(self.newest(*links, minor=(3, 6))))
        self.assertEqual(4, len(self.newest(*links, minor=(3, 10))))

    def test_only_released_wheels_of_pip_count_whatever_a_page_says(self):
        names = [
            "pip-24.0.tar.gz",
            "pip-24.1b1-py3-none-any.whl",
            "pip-24.0-py2-none-any.whl",
            "pip-24.0-cp39-cp39-linux_x86_64.whl",
            "../pip-24.0-py3-none-any.whl",
            "pip-24.0-py3-none-any.whl\n",
            "pip-{}-py3-none-any.whl".format("9" * 5000),
        ]
        self.assertEqual([], self.newest(*map(link, names)))
        huge = link("pip-24.0-py3-none-any.whl", ">={}.9".format("9" * 5000))
        self.assertEqual(["pip-24.0-py3-none-any.whl"], self.newest(huge))


class RequirementsTest(InAFolder):
    """What pip is given to read."""

    def test_every_wheel_is_pinned_with_its_hash_and_several_of_one_version_go_together(self):
        wheels = [Wheel("a", "1.0", "a.whl", "11", 0), Wheel("b", "2", "b1.whl", "22", 0)]
        wheels.append(Wheel("b", "2", "b2.whl", "33", 0))
        self.assertEqual(
            "a==1.0 --hash=sha256:11\nb==2 --hash=sha256:22 --hash=sha256:33\n", pips.pinned(wheels)
        )

    def test_the_workshop_is_private_and_gone_at_the_end(self):
        with pips.workshop() as folder:
            path = pips.written(folder, "a==1.0\n")
            with open(path) as file:
                self.assertEqual("a==1.0\n", file.read())
            self.assertEqual(0o700, os.stat(folder).st_mode & 0o777)
        self.assertFalse(os.path.exists(folder))

    def test_no_room_for_temporary_files_is_a_reason_with_a_cure(self):
        with mock.patch.object(tempfile, "tempdir", os.path.join(self.folder, "nowhere")):
            with self.assertRaisesRegex(Error, "no temporary files can be written: .*; .*TMPDIR"):
                with pips.workshop():
                    self.fail("there is no folder")


class PlaceOfPipTest(InAFolder):
    """A pip that runs: the precache's, the mirror's, one on the node."""

    def setUp(self):
        super().setUp()
        self.wheels = os.path.join(self.folder, "wheels")
        os.mkdir(self.wheels)
        pause = mock.patch.object(network, "PAUSE_SECONDS", 0)
        pause.start()
        self.addCleanup(pause.stop)

    def place(self, node, url):
        """Return the place, and what the index was asked for."""
        return pips.place_of_pip(Mirror("the mirror", {"index-url": url}), node, self.folder)

    def without_pip(self, node, **facts):
        """Make the node one whose Python has no pip."""
        node._interpreter = node.interpreter._replace(bundled_pip="", modules={})._replace(**facts)
        return node

    def test_the_precached_one_is_taken_without_a_request(self):
        precache = os.path.join(self.folder, "precache")
        make_precache(precache)
        node = make_node(self.folder, precache=precache)
        with Index(self.wheels) as index:
            place = self.place(node, index.url)
        self.assertEqual(os.path.join(precache, "wheels"), os.path.dirname(place))
        self.assertTrue(os.path.basename(place).startswith("pip-"))
        self.assertEqual([], index.requests)

    def test_where_the_precached_one_was_altered_the_mirror_gives_the_locked_one(self):
        precache = os.path.join(self.folder, "precache")
        made = make_precache(precache)
        (target,) = made.targets.values()
        locked = target.tools["pip"].wheels[0]
        os.rename(os.path.join(precache, "wheels", locked.file), os.path.join(self.wheels, locked.file))
        make_wheel(self.wheels, "pip", "99.0")
        with open(os.path.join(precache, "wheels", locked.file), "w") as file:
            file.write("something else")
        with Index(self.wheels) as index:
            node = self.without_pip(make_node(self.folder, precache=precache))
            self.assertEqual(os.path.join(self.folder, locked.file), self.place(node, index.url))
            # Another file of that name is refused, whatever hash the index gives.
            with open(os.path.join(self.wheels, locked.file), "ab") as file:
                file.write(b"x")
            with self.assertRaisesRegex(MirrorError, "its hash differs"):
                self.place(node, index.url)
            os.remove(os.path.join(self.wheels, locked.file))
            with self.assertRaisesRegex(MirrorError, "the mirror has no {}".format(locked.file)):
                self.place(node, index.url)

    def test_where_nothing_is_locked_the_mirrors_newest_is_taken(self):
        for version in ("1.0", "2.0"):
            make_wheel(self.wheels, "pip", version)
        make_wheel(self.wheels, "pip", "3.0", requires_python=">=4.0")
        with Index(self.wheels) as index:
            place = self.place(make_node(self.folder), index.url)
        self.assertEqual(os.path.join(self.folder, "pip-2.0-py3-none-any.whl"), place)

    def test_where_the_mirror_has_none_one_on_the_node_is_taken(self):
        make_wheel(self.wheels, "pip", "3.0", requires_python=">=4.0")
        with Index(self.wheels) as index:
            modules = make_node(self.folder).interpreter.modules
            node = self.without_pip(make_node(self.folder), bundled_pip="/bundled.whl", modules=modules)
            self.assertEqual("/bundled.whl", self.place(node, index.url))
            if "pip" in modules:
                node = self.without_pip(node, modules=modules)
                self.assertEqual(modules["pip"].folder, self.place(node, index.url))
            with self.assertRaisesRegex(MirrorError, r"the mirror has no pip for Python 3\.\d+"):
                self.place(self.without_pip(node), index.url)


class RunPipTest(InAFolder):
    """pip's own words come through, secrets do not."""

    def run_pip(self, arguments, url, **options):
        """Run the pip of the precache, which fails."""
        precache = os.path.join(self.folder, "precache")
        made = make_precache(precache)
        (target,) = made.targets.values()
        place = os.path.join(precache, "wheels", target.tools["pip"].wheels[0].file)
        mirror = Mirror("the mirror", {"index-url": url}) if url else None
        with self.assertRaises(CommandError) as raised:
            pips.run_pip(
                sys.executable,
                place,
                arguments,
                Deadline(30),
                environ=clean_environ(self.folder),
                mirror=mirror,
                **options,
            )
        return raised.exception

    def test_what_a_mirror_lacks_is_told_without_who_asked(self):
        with Index(self.folder, user="alice", password="hunter22") as index:
            url = index.authenticated_url
            error = self.run_pip(["download", "--dest", self.folder, "nothing-of-the-kind"], url)
        self.assertRegex(error.cause, "^pip failed: .*No matching distribution found for nothing-of-the-kind")
        self.assertEqual(["pip", "download"], error.argv[:2])
        self.assertGreater(error.returncode, 0)
        for text in (str(error), repr(error), error.output):
            self.assertNotIn("hunter22", text)
            self.assertNotIn("alice", text)
        self.assertIn("/simple/nothing-of-the-kind/", index.paths())

    def test_a_get_pip_is_named_and_its_words_are_told_wherever_it_printed_them(self):
        lines = ["import os", "print('ERROR: this Python is too old for', os.environ['PIP_INDEX_URL'])"]
        script = self.write("get-pip.py", "\n".join(lines + ["raise SystemExit(3)", ""]))
        mirror = Mirror("the mirror", {"index-url": "https://alice:hunter22@h/?key=hunter33"})
        environ = clean_environ(self.folder)
        with self.assertRaises(CommandError) as raised:
            pips.run_pip(sys.executable, script, ["--x"], Deadline(30), environ=environ, mirror=mirror)
        self.assertEqual("get-pip.py failed: this Python is too old for https://h/", raised.exception.cause)
        self.assertEqual(3, raised.exception.returncode)
        self.assertNotIn("hunter", repr(raised.exception) + raised.exception.output)


class ReasonTest(unittest.TestCase):
    """What of pip's output is told."""

    def test_errors_are_told_without_the_noise_around_them(self):
        for stderr, reason in (
            ("WARNING: x\nERROR: first\n  detail\nERROR: second\nERROR: third\n", "first second"),
            # pip 18 does not mark its errors.
            (
                "Could not find x\n  detail\nNo matching distribution\n",
                "Could not find x No matching distribution",
            ),
            ("ERROR: Exception:\nTraceback (most):\n  File x\nValueError: bad\n", "ValueError: bad"),
            ("", "exit code 7"),
            # All versions that ever were tell nobody anything.
            (
                "ERROR: Ignored the following yanked versions: 1, 2\n"
                "ERROR: Could not find x (from versions: 1, 2, 3, 4)\nERROR: No matching distribution\n",
                "Could not find x (newest: 2, 3, 4) No matching distribution",
            ),
            ("ERROR: Could not find x (from versions: 1, 2)\n", "Could not find x (from versions: 1, 2)"),
            ("ERROR: Could not find x (from versions: none)\n", "Could not find x (from versions: none)"),
        ):
            self.assertEqual(reason, pips._reason(Result(7, "", stderr)))


class FirstOfTest(InAFolder):
    """Mirrors in their order, each for its share of the time."""

    def node(self, *urls):
        """Return a node with these mirrors."""
        return make_node(self.folder, mirrors=urls, timeout=30.0)

    def test_the_first_that_serves_is_the_last_that_is_asked(self):
        asked = []

        def attempt(mirror, node):
            asked.append((mirror.name, round(node.deadline.seconds)))
            if mirror.name == "https://two/":
                return Ready("words", "/bin/x", "1.0")
            raise MirrorError(mirror.name, "it is down")

        ready = pips.first_of(self.node("https://one/", "https://two/", "https://three/"), attempt)
        self.assertEqual("1.0", ready.version)
        self.assertEqual("words; not from https://one/: it is down", ready.words)
        self.assertEqual([("https://one/", 10), ("https://two/", 15)], asked)

    def test_all_reasons_are_kept(self):
        def attempt(mirror, node):
            raise (CommandError if "two" in mirror.name else MirrorError)("reason " + mirror.name[8:11], "x")

        with self.assertRaises(Error) as raised:
            pips.first_of(self.node("https://one/", "https://two/"), attempt)
        self.assertRegex(str(raised.exception), "^https://one/: .*; https://two/: reason two")

    def test_where_the_time_was_too_short_the_cure_is_more_of_it(self):
        def attempt(mirror, node):
            while node.deadline.left():
                time.sleep(0.01)
            raise MirrorError(mirror.name, "it timed out")

        node = make_node(self.folder, mirrors=("https://one/",), timeout=0.1)
        with self.assertRaises(Error) as raised:
            pips.first_of(node, attempt)
        self.assertEqual("allow more time than 0.1 s with --timeout", raised.exception.cure)

    def test_what_is_no_fault_of_the_mirror_ends_the_search(self):
        asked = []

        def attempt(mirror, node):
            asked.append(mirror.name)
            raise Error("the disk is full")

        with self.assertRaisesRegex(Error, "^the disk is full$"):
            pips.first_of(self.node("https://one/", "https://two/"), attempt)
        self.assertEqual(["https://one/"], asked)
