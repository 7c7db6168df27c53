"""A system's files are read without leaving it, whatever lies in it."""

import errno
import os
import unittest
from unittest import mock

from testnode_python.audit import imageroot

from tests.support.systems import US, SystemCase


class ResolveTest(SystemCase):
    """Links are the system's own: what is absolute begins at its root, and nothing is above that."""

    def test_an_absolute_link_leads_to_a_path_of_the_system(self):
        self.link("/a", "/usr/bin/python3")
        self.assertEqual("/usr/bin/python3.11", self.root().resolve("/a"))

    def test_nothing_is_above_the_root(self):
        self.link("/usr/up", "../../../../../../../etc")
        self.assertEqual("/etc/passwd", self.root().resolve("/usr/up/passwd"))
        self.assertEqual("/", self.root().resolve("/../.."))

    def test_a_folder_that_is_a_link_is_left_by_its_end(self):
        self.link("/deep", "/usr/lib/python3.11")
        self.assertEqual("/usr/lib", self.root().resolve("/deep/.."))

    def test_what_is_missing_stays_as_it_is(self):
        self.assertEqual("/usr/lib/no/file", self.root().resolve("/lib/no/file"))
        self.assertEqual("/usr/lib/file", self.root().resolve("/lib/no/../file"))
        self.assertEqual("/usr/bin/python3.11/x", self.root().resolve("/bin/python3/x"))

    def test_the_last_part_is_kept_where_a_path_names_a_link(self):
        self.assertEqual("/usr/bin/python3", self.root().canonical("/bin/python3"))

    def test_a_circle_ends_with_an_error(self):
        self.link("/one", "two")
        self.link("/two", "one")
        self.link("/self", "self/self")
        for path in ("/one", "/self", "/one/below"):
            with self.subTest(path), self.assertRaises(OSError) as caught:
                self.root().resolve(path)
            self.assertEqual(errno.ELOOP, caught.exception.errno)
        self.assertEqual("/one/below", self.root().canonical("/one/below"))

    def test_a_link_that_grows_ends_with_an_error(self):
        self.link("/grows", "grows/" + "./" * 1000 + "x")
        with self.assertRaises(OSError):
            self.root().resolve("/grows")

    def test_the_links_on_the_way_are_told(self):
        self.link("/usr/local/bin/python", "/bin/python3")
        self.assertEqual(
            ["/usr/local/bin/python", "/bin", "/usr/bin/python3"], self.root().links("/usr/local/bin/python")
        )

    def test_a_name_that_no_file_has_is_not_there(self):
        self.assertIsNone(self.root().lstat("/a\0b"))
        self.assertFalse(self.root().is_file("/a\0b"))

    def test_the_root_of_our_own_system_is_one_too(self):
        self.assertEqual(os.path.realpath(os.sys.executable), imageroot.Root("/").resolve(os.sys.executable))


class ReadTest(SystemCase):
    """Regular files of a bounded size, inside the system."""

    def assert_refused(self, words, path, most=100):
        with self.assertRaises(OSError) as caught:
            self.root().read(path, most)
        self.assertIn(words, imageroot.sentence(path, caught.exception))

    def test_a_file_is_read_through_links(self):
        self.put("/etc/file", "content")
        self.link("/link", "/etc/file")
        self.assertEqual(b"content", self.root().read("/link", 100))

    def test_a_link_out_of_the_system_is_not_followed(self):
        secret = os.path.join(self.folder + ".secret")
        with open(secret, "w") as file:
            file.write("secret")
        self.addCleanup(os.unlink, secret)
        self.link("/absolute", secret)
        self.link("/relative", "../" + os.path.basename(secret))
        for path in ("/absolute", "/relative"):
            with self.subTest(path), self.assertRaises(FileNotFoundError):
                self.root().read(path, 100)

    def test_what_is_no_regular_file_is_not_opened(self):
        os.mkfifo(self.outside("/fifo"))
        self.link("/to-fifo", "fifo")
        for path in ("/fifo", "/to-fifo", "/usr"):
            with self.subTest(path):
                self.assert_refused("is no regular file", path)

    def test_a_large_file_is_not_read(self):
        with open(self.outside("/holes"), "wb") as file:
            file.truncate(1 << 40)
        self.assert_refused("is larger than 100 bytes", "/holes")

    def test_many_large_files_are_not_all_read(self):
        root = self.root()
        with mock.patch.object(root, "_left", 10):
            self.put("/etc/file", "content")
            root.read("/etc/file", 100)
            with self.assertRaisesRegex(OSError, "too much to read"):
                root.read("/etc/file", 100)

    def test_a_file_that_cannot_be_opened_says_so(self):
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        self.put("/closed", mode=0)
        self.assert_refused("cannot be read: Permission denied", "/closed")


class FindTest(SystemCase):
    """Folders, walks and patterns."""

    def test_a_walk_follows_no_link_and_ends(self):
        self.put("/opt/a/file")
        self.link("/opt/a/up", "..")
        self.link("/opt/a/out", "/usr")
        unread = []
        self.assertEqual(
            ["/opt/a/file", "/opt/a/out", "/opt/a/up"],
            sorted(entry.path for entry in self.root().walk("/opt", unread)),
        )
        self.assertEqual([], unread)

    def test_a_deep_tree_ends_with_a_sentence_and_no_crash(self):
        self.make_folder("/opt")
        before = os.getcwd()
        os.chdir(self.outside("/opt"))
        try:
            for _ in range(40):
                os.mkdir("d" * 200)
                os.chdir("d" * 200)
        finally:
            os.chdir(before)
        unread = []
        self.assertEqual([], list(self.root().walk("/opt", unread)))
        self.assertIn("File name too long", unread[0])

    def test_a_folder_with_too_many_entries_is_cut_and_told(self):
        for number in range(5):
            self.put("/opt/{}".format(number))
        unread = []
        with mock.patch.object(imageroot, "_MOST_ENTRIES", 3):
            self.assertEqual(3, len(self.root().entries("/opt", unread)))
        self.assertEqual(["/opt has more than 3 entries"], unread)

    def test_a_walk_of_too_many_files_is_cut_and_told(self):
        for number in range(5):
            self.put("/opt/{}".format(number))
        unread = []
        with mock.patch.object(imageroot, "_MOST_WALKED", 3):
            self.assertEqual(3, len(list(self.root().walk("/opt", unread))))
        self.assertEqual(["/opt has more than 3 files"], unread)

    def test_a_star_stands_for_a_part_and_not_for_hidden_ones(self):
        for name in ("a-env", "b-env", ".c-env", "other"):
            self.make_folder("/opt/" + name)
        matching = self.root().matching
        self.assertEqual(["/opt/a-env", "/opt/b-env"], matching("/opt/*-env", []))
        self.assertEqual(["/opt/.c-env"], matching("/opt/.*", []))
        self.assertEqual([], matching("/nowhere/*/x", []))

    def test_names_with_line_breaks_and_bytes_that_are_no_text_are_names(self):
        name = os.fsdecode(b"a\nb\xff-env")
        self.make_folder("/opt/" + name)
        self.assertEqual(["/opt/" + name], self.root().matching("/opt/*-env", []))


class ClosedTest(SystemCase):
    """What may not be looked at is told once, by the folder that is closed."""

    def test_a_closed_folder_is_what_is_told_of_all_below_it(self):
        self.make_folder("/closed/.local")
        closed = PermissionError(errno.EACCES, "Permission denied")
        real = os.readlink

        def readlink(path):
            if path.startswith(self.outside("/closed/")):
                raise closed
            return real(path)

        unread = []
        with mock.patch.object(os, "readlink", readlink):
            for pattern in ("/closed/.local/*", "/closed/.local/share/*/x"):
                self.assertEqual([], self.root().matching(pattern, unread))
            self.assertFalse(self.root().is_folder("/closed/.local"))
        self.assertEqual({"/closed cannot be read: Permission denied"}, set(unread))


class FaultTest(SystemCase):
    """Who besides root could change a file."""

    def test_root_s_alone_has_none(self):
        self.assertEqual("", imageroot.fault(self.root(), "/usr/bin/python3.11", US))
        self.assertEqual("", imageroot.fault(self.root(), "/usr/bin/python3", US))

    def test_another_owner_is_told(self):
        self.assertRegex(imageroot.fault(self.root(), "/usr/bin", {-5}), "^/usr/bin belongs to user [0-9]+$")

    def test_what_others_may_write_is_told_and_so_is_a_folder_above(self):
        os.chmod(self.outside("/usr/bin"), 0o777)
        self.assertEqual(
            "/usr/bin may be written by others",
            imageroot.fault(self.root(), "/usr/bin/python3.11", US),
        )

    def test_what_is_missing_is_told(self):
        self.assertEqual("/no is not there", imageroot.fault(self.root(), "/no", US))


if __name__ == "__main__":
    unittest.main()
