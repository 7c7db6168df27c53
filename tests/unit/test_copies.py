"""A copy of a precache: for one Python, whole, checked, and the same the second time."""

import hashlib
import json
import os
import sys
from unittest import mock

from testnode_python import contents, copies, files, interpreters, manifest
from testnode_python.errors import Error, PrecacheError, UsageError

from tests.support.precaches import HasPrecache, describe, target_name
from tests.support.wheels import make_wheel

OTHER = "cp35-linux_x86_64"


class CopiesTest(HasPrecache):
    """The precache is for this Python and for another one, each with a wheel and a get-pip.py of its own."""

    def setUp(self):
        super().setUp()
        self.addCleanup(os.umask, os.umask(0o077))
        wheel = describe(make_wheel(os.path.join(self.precache, "wheels"), "other", "1.0", {"other.py": ""}))
        self.write("precache/get-pip/get-pip.py", "import this\n")
        self.write("precache/get-pip/3.5/get-pip.py", "import that\n")

        def change(data):
            own = data["targets"][target_name()]
            lock = dict(own["tools"]["hello"], wheels=[dict(wheel._asdict())])
            data["targets"][OTHER] = dict(own, python=[3, 5], tools={"hello": lock})
            files_of = {"3.5": "3.5/get-pip.py", "{}.{}".format(*sys.version_info): "get-pip.py"}
            data["get_pip"] = {series: self.get_pip(name) for series, name in files_of.items()}

        self.change_manifest(change)
        self.output = os.path.join(self.folder, "output")
        self.wheel_of_other = "wheels/" + wheel.file

    def get_pip(self, name):
        with open(os.path.join(self.precache, "get-pip", name), "rb") as file:
            return {"file": "get-pip/" + name, "sha256": hashlib.sha256(file.read()).hexdigest()}

    def copy(self, *targets):
        return copies.copy(self.precache, self.output, targets, interpreters.own_platform(sys.executable))

    def there(self):
        """Return the files of the copy, and the names of its targets."""
        folder = os.path.join(self.output, "current")
        found = {
            os.path.relpath(os.path.join(parent, name), folder)
            for parent, _, names in os.walk(folder)
            for name in names
        }
        return found, sorted(contents.read(folder).targets)

    def snapshot(self):
        paths = [os.path.join(parent, name) for parent, _, names in os.walk(self.output) for name in names]
        return {path: (os.lstat(path).st_ino, os.lstat(path).st_mtime_ns) for path in paths}

    def test_it_has_what_this_python_needs_and_nothing_else(self):
        copied = self.copy()
        found, targets = self.there()
        self.assertEqual([target_name()], targets)
        self.assertEqual([], contents.verify(self.output))
        self.assertEqual((os.path.join(self.output, "0" * 64), len(found), True), copied[:2] + copied[3:])
        self.assertIn("get-pip/get-pip.py", found)
        self.assertEqual(set(), found & {self.wheel_of_other, "get-pip/3.5/get-pip.py"})
        sizes = [os.path.getsize(os.path.join(copied.folder, name)) for name in found]
        self.assertEqual(sum(sizes), copied.bytes)

    def test_all_can_read_it_whatever_the_umask(self):
        for folder, folders, names in os.walk(self.copy().folder):
            for name, mode in [(name, 0o755) for name in folders + ["."]] + [(name, 0o644) for name in names]:
                self.assertEqual(mode, os.stat(os.path.join(folder, name)).st_mode & 0o777, name)

    def test_copied_again_nothing_is_written(self):
        self.copy()
        before = self.snapshot()
        self.assertFalse(self.copy().changed)
        self.assertEqual(before, self.snapshot())

    def test_copied_for_another_target_it_has_both(self):
        self.copy()
        self.assertTrue(self.copy(OTHER).changed)
        found, targets = self.there()
        self.assertEqual(sorted([OTHER, target_name()]), targets)
        self.assertLessEqual({self.wheel_of_other, "get-pip/3.5/get-pip.py", "get-pip/get-pip.py"}, found)
        self.assertEqual([], contents.verify(self.output))

    def test_an_altered_file_ends_it_and_the_old_one_stays_current(self):
        old = self.copy().folder
        self.change_manifest(lambda data: data.update(lock_digest="1" * 64))
        with open(self.wheel(), "ab") as file:
            file.write(b"x")
        with self.assertRaisesRegex(PrecacheError, "hello-.* is not the file that was locked"):
            self.copy()
        self.assertEqual(old, os.path.realpath(os.path.join(self.output, "current")))
        left = os.listdir(os.path.join(self.output, "1" * 64, "wheels"))
        self.assertEqual([], [name for name in left if name.startswith((".", "hello"))])

    def test_a_missing_file_ends_it(self):
        os.unlink(self.wheel())
        with self.assertRaisesRegex(PrecacheError, "hello-.* cannot be read: No such file"):
            self.copy()

    def test_what_a_killed_copy_left_is_mended(self):
        folder = self.copy().folder
        wheel = os.path.join(folder, "wheels", os.path.basename(self.wheel()))
        for name, content in ((wheel, "half"), (os.path.join(folder, ".x.part"), "")):
            with open(name, "w") as file:
                file.write(content)
        os.unlink(os.path.join(folder, manifest.FILE_NAME))
        self.assertTrue(self.copy().changed)
        self.assertEqual([], contents.verify(self.output))

    def test_another_manifest_in_its_place_counts_for_nothing(self):
        folder = self.copy(OTHER).folder
        path = os.path.join(folder, manifest.FILE_NAME)
        with open(path) as file:
            data = json.load(file)
        with open(path, "w") as file:
            json.dump(dict(data, lock_digest="1" * 64), file)
        self.copy()
        self.assertEqual([target_name()], self.there()[1])

    def test_a_target_that_it_does_not_have_is_named_beside_those_it_has(self):
        with self.assertRaisesRegex(UsageError, "no target cp27-x; choose from .*" + target_name()):
            self.copy("cp27-x")

    def test_a_python_that_it_has_nothing_for_is_told(self):
        self.change_manifest(lambda data: data["targets"].pop(target_name()))
        with self.assertRaisesRegex(PrecacheError, "has nothing for .* only for " + OTHER):
            self.copy()

    def test_the_same_digest_with_other_files_is_refused_and_the_old_ones_stay(self):
        self.copy()
        before = self.snapshot()
        other = describe(make_wheel(os.path.join(self.precache, "wheels"), "evil", "1.0", {"evil.py": ""}))

        def change(data):
            data["targets"][target_name()]["tools"]["hello"]["wheels"] = [dict(other._asdict())]

        self.change_manifest(change)
        with self.assertRaisesRegex(
            PrecacheError, "is there already and has other files for " + target_name()
        ):
            self.copy()
        self.assertEqual(before, self.snapshot())

    def test_a_target_whose_files_are_gone_is_promised_no_more(self):
        folder = self.copy(OTHER).folder
        os.unlink(os.path.join(folder, self.wheel_of_other))
        self.copy()
        self.assertEqual([target_name()], self.there()[1])

    def test_what_is_no_regular_file_is_not_waited_for(self):
        wheel = self.wheel()
        os.rename(wheel, wheel + "x")
        os.symlink(wheel + "x", wheel)
        with self.assertRaisesRegex(PrecacheError, "cannot be read: Too many levels of symbolic links"):
            self.copy()
        os.unlink(wheel)
        os.mkfifo(wheel)
        with self.assertRaisesRegex(PrecacheError, "is no regular file"):
            self.copy()

    def test_a_file_that_is_larger_than_any_wheel_is_not_copied_to_its_end(self):
        with mock.patch.object(copies, "_LARGEST", 10), self.assertRaisesRegex(
            PrecacheError, "larger than 10"
        ):
            self.copy()

    def test_one_at_a_time(self):
        with files.locked(self.output), self.assertRaisesRegex(Error, "another program is writing to"):
            self.copy()


class InstallTest(HasPrecache):
    """A node's precache: from a source, or the one that is there already, and old ones go."""

    def setUp(self):
        super().setUp()
        self.output = os.path.join(self.folder, "output")

    def install(self, source=True, keep=1, **wanted):
        wanted = copies.Wanted(self.precache if source else "", python=sys.executable, **wanted)
        return copies.install(wanted, self.output, keep, self.environ())

    def digests(self, *digits):
        """Install precaches of these digests, each a repeated digit, one after the other."""
        for age, digit in enumerate(digits):
            self.change_manifest(lambda data, digit=digit: data.update(lock_digest=digit * 64))
            done = self.install(keep=9)
            os.utime(done.folder, (age, age))

    def there(self):
        return sorted(name[0] for name in os.listdir(self.output) if name != "current")

    def current(self):
        return os.path.basename(os.path.realpath(os.path.join(self.output, "current")))[0]

    def test_a_source_is_copied_and_then_found_by_its_digest(self):
        done = self.install()
        self.assertEqual((os.path.join(self.output, "0" * 64), True, []), done)
        self.assertEqual([], contents.verify(self.output))
        self.assertEqual((done.folder, False, []), self.install(source=False, digest="0" * 64))
        self.assertEqual((done.folder, False, []), self.install())

    def test_one_that_is_not_there_is_missing_and_nothing_is_written(self):
        self.assertEqual(("", False, []), self.install(source=False, digest="1" * 64))
        self.assertEqual(("", False, []), self.install(source=False))
        self.assertFalse(os.path.exists(self.output))

    def test_where_it_is_required_that_is_an_error(self):
        with self.assertRaisesRegex(PrecacheError, "has no precache 111.*; give an archive of it"):
            self.install(source=False, digest="1" * 64, required=True)

    def test_a_roll_back_is_the_link(self):
        self.digests("1", "2")
        self.assertEqual("2", self.current())
        done = self.install(source=False, digest="1" * 64)
        self.assertEqual((True, "1", ["1", "2"]), (done.changed, self.current(), self.there()))

    def test_one_that_is_damaged_is_copied_anew(self):
        folder = self.install().folder
        wheel = os.path.join(folder, "wheels", os.path.basename(self.wheel()))
        with open(wheel, "ab") as file:
            file.write(b"x")
        self.assertEqual("", self.install(source=False, digest="0" * 64).folder)
        self.assertTrue(self.install(digest="0" * 64).changed)
        self.assertEqual([], contents.verify(self.output))

    def test_of_the_others_the_newest_stay(self):
        self.digests("1", "2", "3", "4")
        os.mkdir(os.path.join(self.output, "theirs"))
        done = self.install(source=False, digest="1" * 64, keep=2)
        self.assertEqual([os.path.join(self.output, "2" * 64)], done.removed)
        self.assertEqual(["1", "3", "4", "t"], self.there())
        self.install(source=False, digest="3" * 64, keep=0)
        self.assertEqual(["3", "t"], self.there())

    def test_what_is_asked_for_dry_is_told_and_not_done(self):
        self.assertEqual(("", True, []), self.install(source=False, digest="0" * 64, dry=True))
        self.assertFalse(os.path.exists(self.output))
        self.digests("1", "2")
        for digit, changed in (("1", True), ("2", False)):
            done = self.install(source=False, digest=digit * 64, keep=0, dry=True)
            self.assertEqual((os.path.join(self.output, digit * 64), changed, []), done)
        self.assertEqual(("2", ["1", "2"]), (self.current(), self.there()))

    def test_a_link_that_is_called_like_one_is_let_be(self):
        self.digests("1")
        os.symlink("nowhere", os.path.join(self.output, "2" * 64))
        self.assertEqual([], self.install(source=False, digest="1" * 64, keep=0).removed)

    def test_other_locks_than_were_asked_for_are_refused(self):
        with self.assertRaisesRegex(PrecacheError, "has the locks 000.*, not 111"):
            self.install(digest="1" * 64)
        self.assertFalse(os.path.exists(self.output))

    def test_a_digest_that_is_none_is_refused(self):
        for digest in ("../x", "0" * 63, "current"):
            with self.assertRaises(UsageError):
                self.install(source=False, digest=digest)
