"""Building a precache: complete, again without a request or a write, and through every accident."""

import os
import signal
import subprocess
import sys
import time
import unittest

from testnode_python import contents, files
from testnode_python.builder import build, cli
from testnode_python.configuration import mirrors
from testnode_python.errors import Error
from testnode_python.precache import DEFAULT_PATH

from tests.support.get_pip import get_pip_site
from tests.support.index import Index
from tests.support.server import Site
from tests.support.wheels import make_tool, rebuild_wheel

from .cases import TARGET, TOOLSET, BuilderTest

NEWEST = b"import newest\n"
OLD = b"import old\n"


class BuildTest(BuilderTest):
    """With a server that has all wheels."""

    def setUp(self):
        super().setUp()
        self.server = self.entered(self.site())
        self.write_locks(self.server.base_url)

    def current(self, *names):
        return os.path.join(self.output, "current", *names)

    def manifest(self):
        return contents.read(self.current())

    def test_it_has_wheels_locks_and_a_manifest_and_nothing_else(self):
        built = self.build()
        self.assertEqual([], contents.verify(self.output))
        self.assertEqual(sorted(os.listdir(self.wheels)), sorted(os.listdir(self.current("wheels"))))
        self.assertEqual(["locks", "manifest.json", "wheels"], sorted(os.listdir(self.current())))
        self.assertEqual(os.path.realpath(self.current()), built.folder)
        self.assertEqual(self.manifest().lock_digest, os.path.basename(built.folder))
        self.assertEqual((4 + 6 + 1, 4, 4, True), (built.files, built.fetched, built.requests, built.changed))
        size = sum(
            os.path.getsize(os.path.join(at, name))
            for at, _, names in os.walk(built.folder)
            for name in names
        )
        self.assertEqual(size, built.bytes)

    def test_the_locks_in_it_are_those_that_were_read(self):
        self.build()
        for name in ("pip", "installer", "hello"):
            with open(f"{self.locks}/{TARGET}/pylock.{name}.toml", "rb") as one:
                with open(self.current("locks", TARGET, f"pylock.{name}.toml"), "rb") as other:
                    self.assertEqual(one.read(), other.read())

    def test_the_facts_of_the_toolset_travel_in_the_manifest(self):
        self.build()
        self.assertEqual(self.toolset.tools, self.manifest().tools)
        self.assertEqual(self.toolset.targets[TARGET].libc, self.manifest().targets[TARGET].libc)

    def test_a_second_build_asks_for_nothing_and_writes_nothing(self):
        self.build()
        before, asked = self.snapshot(), len(self.server.requests)
        again = self.build()
        self.assertEqual((0, 0, False), (again.requests, again.fetched, again.changed))
        self.assertEqual(before, self.snapshot())
        self.assertEqual(asked, len(self.server.requests))

    def test_all_can_read_it_whatever_the_umask(self):
        self.addCleanup(os.umask, os.umask(0o077))
        self.build()
        for path, (_, mode, *_) in self.snapshot().items():
            if not os.path.islink(path):
                self.assertEqual(0o755 if os.path.isdir(path) else 0o644, mode & 0o777, path)

    def test_a_damaged_or_missing_file_is_fetched_again_and_only_that(self):
        self.build()
        wheels = sorted(os.listdir(self.wheels))
        with open(self.current("wheels", wheels[0]), "r+b") as file:
            file.write(b"?")
        os.unlink(self.current("wheels", wheels[1]))
        os.unlink(self.current("locks", TARGET, "pylock.hello.toml"))
        mended = self.build()
        self.assertEqual((2, True), (mended.fetched, mended.changed))
        self.assertEqual([], contents.verify(self.output))

    def test_new_locks_are_a_new_folder_that_takes_over_what_did_not_change(self):
        old = self.build()
        newer = make_tool(self.wheels, "hello", "1.1")
        self.server.files["/" + os.path.basename(newer)] = self.content(os.path.basename(newer))
        self.tools["hello"][0] = newer
        self.write_locks(self.server.base_url)
        new = self.build()
        self.assertEqual((1, 3), (new.fetched, new.linked))
        self.assertNotEqual(old.folder, new.folder)
        self.assertEqual(new.folder, os.path.realpath(self.current()))
        self.assertEqual([[], []], [contents.verify(old.folder), contents.verify(self.output)])

    def test_what_is_damaged_before_is_not_taken_over(self):
        self.build()
        wheel = os.path.basename(self.tools["pip"][0])
        with open(self.current("wheels", wheel), "r+b") as file:
            file.write(b"?")
        self.toolset.tools["hello"].check.append("-v")
        built = self.build()
        self.assertEqual((1, 3), (built.fetched, built.linked))
        self.assertEqual([], contents.verify(self.output))

    def test_going_back_to_old_locks_is_the_link_alone(self):
        old = self.build()
        self.toolset.tools["hello"].check.append("-v")
        self.build()
        self.toolset.tools["hello"].check.pop()
        back = self.build()
        self.assertEqual((old.folder, 0, 0, True), (back.folder, back.fetched, back.linked, back.changed))
        self.assertEqual(old.folder, os.path.realpath(self.current()))

    def test_a_narrow_one_still_has_what_the_node_installs_with(self):
        self.build(tools=["hello"], targets=[TARGET])
        content = self.manifest()
        self.assertEqual(
            ([TARGET], {"hello", "pip", "installer"}), (list(content.targets), set(content.tools))
        )
        self.assertEqual({"hello", "pip", "installer"}, set(content.targets[TARGET].tools))

    def test_another_build_on_the_same_folder_is_refused(self):
        with files.locked(self.output), self.assertRaises(Error) as caught:
            self.build()
        self.assertIn("another program", str(caught.exception))

    def test_a_failed_build_leaves_the_old_one_current_and_the_next_goes_on(self):
        old = self.build()
        newer = make_tool(self.wheels, "hello", "1.1")
        self.tools["hello"][0] = newer
        self.write_locks(self.server.base_url)
        with self.assertRaises(Error) as caught:
            self.build()
        self.assertIn(os.path.basename(newer), str(caught.exception))
        self.assertEqual(old.folder, os.path.realpath(self.current()))
        self.assertEqual([], contents.verify(self.output))
        self.server.files["/" + os.path.basename(newer)] = self.content(os.path.basename(newer))
        self.assertEqual(1, self.build().fetched)
        self.assertEqual([], contents.verify(self.output))

    def test_a_configured_index_serves_what_the_locks_place_does_not(self):
        self.write_locks("http://127.0.0.1:9/nowhere")
        with Index(self.wheels) as index:
            self.build(mirrors([index.url], {}))
        self.assertEqual([], contents.verify(self.output))

    def test_progress_is_told_to_the_end(self):
        told = []
        self.build(progress=lambda done, total: told.append((done, total)))
        self.assertEqual([(number, 4) for number in range(1, 5)], told)

    def test_a_build_that_is_killed_leaves_the_old_one_and_the_next_goes_on(self):
        old = self.build()
        newer = os.path.basename(make_tool(self.wheels, "hello", "1.1"))
        self.tools["hello"][0] = os.path.join(self.wheels, newer)
        self.server.files["/" + newer] = self.content(newer)
        self.write_locks(self.server.base_url)
        self.server.fault, self.server.pause = "drip", 0.01
        self._kill_half_way()
        self.assertTrue(self._halves(), "it was killed too early or too late")
        self.assertEqual(old.folder, os.path.realpath(self.current()))
        self.server.fault = None
        again = self.build()
        self.assertEqual((1, []), (again.fetched, self._halves()))
        self.assertEqual([], contents.verify(self.output))

    def _kill_half_way(self):
        program = "import sys; from testnode_python.builder.cli import main; sys.exit(main(sys.argv[1:]))"
        argv = [sys.executable, "-c", program, "build", "--no-get-pip", "--locks", self.locks]
        argv += ["--toolset", self.write("toolset.toml", TOOLSET), "--output", self.output]
        environ = dict(self.environ, PYTHONPATH=os.pathsep.join(sys.path), PIP_CONFIG_FILE=os.devnull)
        with subprocess.Popen(
            argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            end = time.monotonic() + 20
            while not self._halves() and time.monotonic() < end and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)

    def _halves(self):
        return [name for _, _, names in os.walk(self.output) for name in names if name.endswith(files.PART)]


class GetPipTest(BuilderTest):
    """get-pip.py for each Python."""

    def setUp(self):
        super().setUp()
        self.write_locks(self.entered(self.site()).base_url)

    def get_pips(self):
        return contents.read(os.path.join(self.output, "current")).get_pip

    def test_an_old_python_has_its_own_and_the_rest_the_newest(self):
        with Site({"/get-pip.py": NEWEST, "/pip/3.6/get-pip.py": OLD}) as site:
            self.build(get_pip=site.base_url)
            self.assertEqual(["/pip/3.6/get-pip.py", "/pip/3.11/get-pip.py", "/get-pip.py"], site.paths())
        found = {series: file.file for series, file in self.get_pips().items()}
        self.assertEqual({"3.6": "get-pip/3.6/get-pip.py", "3.11": "get-pip/get-pip.py"}, found)
        self.assertEqual([], contents.verify(self.output))
        with open(os.path.join(self.output, "current", "get-pip", "3.6", "get-pip.py"), "rb") as file:
            self.assertEqual(OLD, file.read())

    def test_a_second_build_does_not_ask_for_it(self):
        with Site({"/get-pip.py": NEWEST}) as site:
            self.build(get_pip=site.base_url)
            before = self.snapshot()
            again = self.build(get_pip=site.base_url)
            self.assertEqual((0, False), (again.requests, again.changed))
            self.assertEqual(before, self.snapshot())

    def test_a_damaged_one_is_fetched_again_for_all_that_share_it(self):
        with Site({"/get-pip.py": NEWEST}) as site:
            self.build(get_pip=site.base_url)
            site.files["/get-pip.py"] = OLD
            with open(os.path.join(self.output, "current", "get-pip", "get-pip.py"), "wb") as file:
                file.write(b"?")
            self.build(get_pip=site.base_url)
        self.assertEqual([], contents.verify(self.output))
        self.assertEqual(1, len({file.sha256 for file in self.get_pips().values()}))

    def test_a_newest_one_that_is_another_by_now_is_so_for_all_that_share_it(self):
        with Site({"/get-pip.py": NEWEST, "/pip/3.6/get-pip.py": OLD}) as site:
            self.build(get_pip=site.base_url)
            site.files = {"/get-pip.py": NEWEST + NEWEST}
            os.unlink(os.path.join(self.output, "current", "get-pip", "3.6", "get-pip.py"))
            self.build(get_pip=site.base_url)
        self.assertEqual([], contents.verify(self.output))
        self.assertEqual([("get-pip/get-pip.py",)], [file[:1] for file in set(self.get_pips().values())])

    def test_a_place_that_fails_is_said_with_both_cures(self):
        for fault, reason in (
            ("refused", "Connection refused"),
            ("500", "answers 500"),
            ("404", "has no get-pip.py"),
        ):
            with self.subTest(fault), Site({}, fault=fault) as site:
                with self.assertRaises(Error) as caught:
                    self.build(get_pip=site.base_url)
                for word in (reason, "--get-pip-url", "--no-get-pip"):
                    self.assertIn(word, str(caught.exception))
                self.assertFalse(os.path.lexists(os.path.join(self.output, "current")))

    def test_a_login_page_is_not_taken_for_it(self):
        with Site({}, fault="html") as site, self.assertRaises(Error) as caught:
            self.build(get_pip=site.base_url)
        self.assertIn("something else than a Python program", str(caught.exception))

    def test_without_it_there_is_none_in_the_manifest(self):
        self.build()
        self.assertEqual({}, self.get_pips())

    def test_one_that_carries_a_real_pip_is_kept_as_it_came(self):
        with get_pip_site(rebuild_wheel("pip", self.folder), older=[(3, 6)]) as site:
            self.build(get_pip=site.base_url)
            for series, file in self.get_pips().items():
                path = "/pip/3.6/get-pip.py" if series == "3.6" else "/get-pip.py"
                with open(os.path.join(self.output, "current", file.file), "rb") as stream:
                    self.assertEqual(site.files[path], stream.read())


class LinkTest(unittest.TestCase):
    """Names that other parts rely on."""

    def test_the_default_path_of_the_node_is_the_link_of_the_default_output(self):
        self.assertEqual(DEFAULT_PATH, os.path.join(cli.DEFAULT_OUTPUT, build.CURRENT))
