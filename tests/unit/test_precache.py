"""The precache: opened where it is safe, believed as far as its hashes go."""

import hashlib
import os
import unittest

from testnode_python import manifest, ownership, precache
from testnode_python.errors import PrecacheError

from tests.support.nodes import make_node
from tests.support.precaches import HasPrecache, target_name

AS_ROOT = unittest.skipUnless(os.geteuid() == 0, "needs root to give files away")
STRANGERS = (1000, 65534)


class PrecacheCase(HasPrecache):
    """What the tests below share."""

    def refused(self, path=None):
        """Open the precache; return the error."""
        with self.assertRaises(PrecacheError) as caught:
            precache.open_precache(self.precache if path is None else path)
        return caught.exception

    def interpreter(self):
        return make_node(self.home).platform


class WhereTest(PrecacheCase):
    """By which paths it is found."""

    def test_the_folder_with_the_manifest_names_it(self):
        opened = precache.open_precache(self.precache)
        self.assertEqual((self.precache, self.precache), (opened.name, opened.path))
        self.assertIn("hello", opened.manifest.tools)

    def with_link(self):
        """Return a folder as the builder makes it: precaches by digest, and a link to the current one."""
        output = os.path.join(self.folder, "output")
        os.mkdir(output, 0o755)
        os.rename(self.precache, os.path.join(output, "abc"))
        os.symlink("abc", os.path.join(output, "current"))
        return output

    def test_the_folder_with_the_current_link_names_it(self):
        output = self.with_link()
        opened = precache.open_precache(output)
        self.assertEqual((output, output + "/abc"), (opened.name, opened.path))

    def test_the_current_link_names_it(self):
        output = self.with_link()
        opened = precache.open_precache(output + "/current")
        self.assertEqual((output + "/current", output + "/abc"), (opened.name, opened.path))

    def test_an_opened_one_stays_the_same_when_the_link_is_swapped_meanwhile(self):
        output = self.with_link()
        opened = precache.open_precache(output)
        os.unlink(output + "/current")
        os.symlink("nowhere", output + "/current")
        self.assertEqual(2, len(opened.wheels(opened.locked("hello", self.interpreter()))))

    def test_a_relative_path_is_one_of_the_current_folder(self):
        relative = os.path.relpath(self.precache)
        self.assertEqual(self.precache, precache.open_precache(relative).path)

    def test_where_nothing_is_the_path_is_named_with_the_ways_to_one(self):
        for path in (self.folder + "/absent", self.home):
            with self.subTest(path):
                error = self.refused(path)
                self.assertEqual("there is no precache at {}".format(path), error.cause)
                self.assertIn("precache build", error.cure)
                self.assertIn("--precache", error.cure)

    def test_it_tells_its_name_and_the_date_of_its_locks(self):
        self.assertEqual(
            "the precache {} (locked 2026-11-01)".format(self.precache),
            str(precache.open_precache(self.precache)),
        )


class ManifestTest(PrecacheCase):
    """What is wrong with the manifest is told with its path."""

    def assert_refused(self, words):
        error = self.refused()
        self.assertEqual(os.path.join(self.precache, manifest.FILE_NAME), error.path)
        self.assertIn(error.path, error.cause)
        self.assertIn(words, error.cause)
        self.assertIn("build the precache", error.cure)

    def test_a_future_format_is_told(self):
        self.change_manifest(lambda data: data.update(format=manifest.FORMAT + 1))
        self.assert_refused("has format 2, this program reads format 1")

    def test_damaged_json_is_told(self):
        self.write("precache/manifest.json", '{"format": 1, "tools"')
        self.assert_refused("is not a manifest")

    def test_what_is_no_text_is_told(self):
        self.write("precache/manifest.json", b"\xff\xfe\x00")
        self.assert_refused("cannot be read")

    def test_a_folder_in_its_place_is_told(self):
        os.unlink(self.precache + "/manifest.json")
        os.mkdir(self.precache + "/manifest.json", 0o755)
        self.assert_refused("cannot be read")

    def test_names_that_lead_out_of_the_precache_are_refused(self):
        for name in ("../hello.whl", "/etc/hello.whl", "a/../../b.whl", "hello\0.whl", "hello.whl\n", ""):
            with self.subTest(name):
                self.change_manifest(
                    lambda data, name=name: data["targets"][target_name()]["tools"]["hello"]["wheels"][
                        0
                    ].update(file=name)
                )
                self.assert_refused("is not allowed there")


class TrustTest(PrecacheCase):
    """Who may have written it."""

    PARTS = ("", "/manifest.json", "/wheels")

    def assert_unsafe(self, words, path=None):
        error = self.refused(path)
        self.assertIn("the precache at {} is not safe: ".format(path or self.precache), error.cause)
        self.assertIn(words, error.cause)
        self.assertIn("writable by nobody else", error.cure)

    def test_what_others_may_write_is_refused(self):
        for part in self.PARTS:
            for more in (0o020, 0o002):
                path = self.precache + part
                before = os.stat(path).st_mode & 0o7777
                with self.subTest(part=part, more=oct(more)):
                    os.chmod(path, before | more)
                    self.assert_unsafe("{} may be written by others".format(path))
                    os.chmod(path, before)
        self.assertTrue(precache.open_precache(self.precache))

    def test_a_get_pip_folder_that_others_may_write_is_refused(self):
        os.mkdir(self.precache + "/get-pip")
        os.chmod(self.precache + "/get-pip", 0o777)
        self.assert_unsafe("/get-pip may be written by others")

    @AS_ROOT
    def test_what_is_neither_roots_nor_the_callers_is_refused(self):
        for stranger in STRANGERS:
            for part in self.PARTS:
                path = self.precache + part
                with self.subTest(part=part, stranger=stranger):
                    os.chown(path, stranger, stranger)
                    self.assert_unsafe("{} belongs to user {}, not to root".format(path, stranger))
                    os.chown(path, 0, 0)
        self.assertTrue(precache.open_precache(self.precache))

    @AS_ROOT
    def test_the_owner_that_unknown_owners_show_as_is_not_trusted_even_as_the_caller(self):
        for part in self.PARTS:
            os.chown(self.precache + part, 65534, 65534)
        self.addCleanup(os.seteuid, 0)
        os.chmod(self.folder, 0o755)
        os.seteuid(65534)
        self.assert_unsafe("belongs to user 65534")

    @AS_ROOT
    def test_the_callers_own_is_trusted_where_it_was_named(self):
        for part in self.PARTS:
            os.chown(self.precache + part, 1000, 1000)
        self.addCleanup(os.seteuid, 0)
        os.chmod(self.folder, 0o755)
        os.seteuid(1000)
        self.assertEqual(self.precache, precache.open_precache(self.precache).path)

    @AS_ROOT
    def test_a_current_link_of_somebody_else_is_refused(self):
        output = os.path.join(self.folder, "output")
        os.mkdir(output, 0o755)
        os.symlink(self.precache, output + "/current")
        os.chown(output + "/current", 1000, 1000, follow_symlinks=False)
        for path in (output, output + "/current"):
            with self.subTest(path):
                self.assert_unsafe("/current belongs to user 1000", path)

    @AS_ROOT
    def test_a_wheel_that_others_could_change_after_the_check_is_refused(self):
        opened = precache.open_precache(self.precache)
        lock = opened.locked("hello", self.interpreter())
        wheel = self.wheel()
        os.chown(wheel, 1000, 1000)
        with self.assertRaisesRegex(PrecacheError, "belongs to user 1000"):
            opened.wheels(lock)
        os.chown(wheel, 0, 0)
        os.chmod(wheel, 0o666)
        with self.assertRaisesRegex(PrecacheError, "may be written by others"):
            opened.wheels(lock)


class DefaultPathTest(PrecacheCase):
    """Without a name everything on the way must be root's."""

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, precache, "DEFAULT_PATH", precache.DEFAULT_PATH)
        precache.DEFAULT_PATH = self.precache
        # The way to here leads through a folder that all may write: the tests begin below it.
        steps = ownership._steps
        self.addCleanup(setattr, ownership, "_steps", steps)
        ownership._steps = lambda path: [step for step in steps(path) if step.startswith(self.folder)]

    def assert_unsafe(self, words):
        error = self.refused("")
        self.assertEqual("the precache at {} is not safe: {}".format(self.precache, words), error.cause)
        self.assertIn("make it and all on the way root's", error.cure)
        # Who names it vouches for the way.
        self.assertEqual(self.precache, precache.open_precache(self.precache).path)

    @AS_ROOT
    def test_what_is_roots_all_the_way_is_opened(self):
        self.assertEqual(self.precache, precache.open_precache().path)

    @AS_ROOT
    def test_a_parent_that_is_not_roots_is_named(self):
        for stranger in STRANGERS:
            os.chown(self.folder, stranger, stranger)
            self.assert_unsafe("{} belongs to user {}, not to root".format(self.folder, stranger))

    @AS_ROOT
    def test_a_parent_that_others_may_write_is_named(self):
        os.chmod(self.folder, 0o1777)
        self.assert_unsafe("{} may be written by others (mode 1777)".format(self.folder))

    @AS_ROOT
    def test_what_is_inside_must_be_roots_as_well(self):
        os.chown(self.precache + "/wheels", 1000, 1000)
        self.assertIn("/wheels belongs to user 1000, not to root", self.refused("").cause)

    @unittest.skipIf(os.geteuid() == 0, "root's own files are root's")
    def test_the_callers_own_is_not_enough(self):
        self.assert_unsafe("{} belongs to user {}, not to root".format(self.folder, os.geteuid()))


class ChooseTest(PrecacheCase):
    """What it has for an interpreter."""

    def setUp(self):
        super().setUp()
        self.python = self.interpreter()

    def refusal(self, name="hello", **facts):
        with self.assertRaises(PrecacheError) as caught:
            precache.open_precache(self.precache).locked(name, self.python._replace(**facts))
        return caught.exception

    def test_the_lock_of_a_tool_for_an_interpreter(self):
        lock = precache.open_precache(self.precache).locked("hello", self.python)
        self.assertEqual(
            ("1.0", ["hello", "greeting"]), (lock.version, [wheel.name for wheel in lock.wheels])
        )

    def test_another_python_is_told_with_what_there_is(self):
        for facts, words in (
            ({"version": "3.99.1"}, "cpython 3.99 on " + self.python.machine),
            ({"machine": "riscv64"}, "cpython {} on riscv64".format(self.python.series)),
            ({"implementation": "pypy"}, "pypy {}".format(self.python.series)),
        ):
            with self.subTest(**facts):
                error = self.refusal(**facts)
                self.assertIn("{} has nothing for {}".format(self.precache, words), error.cause)
                self.assertIn("only for " + target_name(), error.cause)
                self.assertIn("--target", error.cure)

    def test_a_precache_without_any_target_says_so(self):
        self.change_manifest(lambda data: data["targets"].clear())
        self.assertIn("only for no target at all", self.refusal().cause)

    def test_a_libc_below_the_floor_is_told_with_both(self):
        error = self.refusal(libc=("glibc", (2, 16)))
        self.assertEqual(
            "the wheels for {} need glibc 2.17, this Python has glibc 2.16".format(target_name()), error.cause
        )

    def test_the_floor_itself_serves_and_compares_as_numbers(self):
        opened = precache.open_precache(self.precache)
        for version in ((2, 17), (2, 100), (3, 0)):
            self.assertTrue(opened.target_for(self.python._replace(libc=("glibc", version))))

    def test_another_libc_is_told(self):
        self.assertIn("has another C library", self.refusal(libc=("", (0, 0))).cause)
        self.assertIn("has musl 1.2", self.refusal(libc=("musl", (1, 2))).cause)

    def test_a_tool_that_it_lacks_is_told_with_those_it_has(self):
        error = self.refusal("other")
        self.assertEqual("{} has no other, only hello, installer, pip".format(self.precache), error.cause)
        self.assertIn("toolset", error.cure)

    def test_a_tool_without_a_lock_is_told_with_the_recorded_reason(self):
        def change(data):
            data["targets"][target_name()]["tools"]["hello"].update(wheels=[], reason="no wheel of uv for it")

        self.change_manifest(change)
        self.assertEqual(
            "{} has no hello for {}: no wheel of uv for it".format(self.precache, target_name()),
            self.refusal().cause,
        )


class CheckTest(PrecacheCase):
    """No file is used before its hash was found right."""

    def setUp(self):
        super().setUp()
        self.opened = precache.open_precache(self.precache)
        self.lock = self.opened.locked("hello", self.interpreter())

    def refusal(self):
        with self.assertRaises(PrecacheError) as caught:
            self.opened.wheels(self.lock)
        self.assertEqual(self.wheel_path, caught.exception.path)
        self.assertIn(self.wheel_path, caught.exception.cause)
        self.assertIn("build the precache again", caught.exception.cure)
        return caught.exception

    @property
    def wheel_path(self):
        return os.path.join(self.precache, "wheels", self.lock.wheels[1].file)

    def test_whole_files_are_given_by_path(self):
        self.assertEqual(
            [os.path.join(self.precache, "wheels", wheel.file) for wheel in self.lock.wheels],
            self.opened.wheels(self.lock),
        )

    def test_one_changed_byte_is_found(self):
        with open(self.wheel_path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last[0] ^ 1]))
        self.assertRegex(
            self.refusal().cause,
            "is not the file that was locked [(]sha256 [0-9a-f]{{12}}[.]{{3}}, expected {}[.]{{3}}".format(
                self.lock.wheels[1].sha256[:12]
            ),
        )

    def test_a_missing_wheel_is_named(self):
        os.unlink(self.wheel_path)
        self.assertIn("cannot be read: No such file or directory", self.refusal().cause)

    def test_a_folder_in_place_of_a_wheel_is_named(self):
        os.unlink(self.wheel_path)
        os.mkdir(self.wheel_path, 0o755)
        self.assertIn("cannot be read: Is a directory", self.refusal().cause)


class GetPipTest(PrecacheCase):
    """The get-pip.py for an interpreter."""

    def with_get_pip(self):
        series = self.interpreter().series
        path = self.write("precache/get-pip/{}/get-pip.py".format(series), "print()\n")
        digest = hashlib.sha256(b"print()\n").hexdigest()
        self.change_manifest(
            lambda data: data["get_pip"].update(
                {series: {"file": "get-pip/{}/get-pip.py".format(series), "sha256": digest}}
            )
        )
        return path

    def test_it_is_that_of_the_series(self):
        path = self.with_get_pip()
        self.assertEqual(path, precache.open_precache(self.precache).get_pip(self.interpreter()))

    def test_a_changed_one_is_refused(self):
        path = self.with_get_pip()
        with open(path, "a") as file:
            file.write("import os\n")
        with self.assertRaisesRegex(PrecacheError, "is not the file that was locked"):
            precache.open_precache(self.precache).get_pip(self.interpreter())

    def test_where_there_is_none_the_way_to_one_is_told(self):
        with self.assertRaises(PrecacheError) as caught:
            precache.open_precache(self.precache).get_pip(self.interpreter())
        self.assertIn(
            "has no get-pip.py for Python {}".format(self.interpreter().series), str(caught.exception)
        )
        self.assertIn("--no-get-pip", caught.exception.cure)
