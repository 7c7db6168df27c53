"""Files are whole or not there, and everybody can read them."""

import errno
import hashlib
import os
import resource
import tempfile
import unittest

from testnode_python import files
from testnode_python.errors import Error

from tests.support.nodes import InAFolder

SHARED = "/dev/shm"


class FilesTest(InAFolder):
    """In a folder, with a umask that lets nobody read."""

    def setUp(self):
        super().setUp()
        self.addCleanup(os.umask, os.umask(0o077))
        self.path = os.path.join(self.folder, "file")

    def mode(self, path):
        return os.stat(path).st_mode & 0o777

    def test_a_file_is_readable_by_all_whatever_the_umask(self):
        files.write(self.path, [b"one ", b"two"])
        with open(self.path, "rb") as file:
            self.assertEqual(b"one two", file.read())
        self.assertEqual(0o644, self.mode(self.path))

    def test_folders_are_made_on_the_way_readable_by_all(self):
        files.make_folder(os.path.join(self.folder, "a", "b"))
        self.assertEqual(
            [0o755, 0o755], [self.mode(os.path.join(self.folder, name)) for name in ("a", "a/b")]
        )

    def test_a_folder_that_is_there_keeps_its_mode(self):
        os.mkdir(self.path)
        files.make_folder(self.path)
        self.assertEqual(0o700, self.mode(self.path))

    def test_a_failure_half_way_leaves_the_old_file_and_nothing_else(self):
        files.write(self.path, [b"old"])

        def broken():
            yield b"new"
            raise Error("broke off")

        with self.assertRaises(Error):
            files.write(self.path, broken())
        with open(self.path, "rb") as file:
            self.assertEqual(b"old", file.read())
        self.assertEqual(["file"], os.listdir(self.folder))

    def test_a_disk_that_takes_no_more_is_said_and_leaves_nothing(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
        try:
            with self.assertRaises(Error) as caught:
                files.write(self.path, [b"x" * 512 * 1024, b"y" * 512 * 1024])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        self.assertEqual(f"{self.path} cannot be written: {os.strerror(errno.EFBIG)}", str(caught.exception))
        self.assertEqual([], os.listdir(self.folder))

    def test_a_file_with_the_same_content_is_not_written_again(self):
        self.assertTrue(files.write_if_other(self.path, b"content"))
        before = os.stat(self.path)
        self.assertFalse(files.write_if_other(self.path, b"content"))
        self.assertEqual(before, os.stat(self.path))
        self.assertTrue(files.write_if_other(self.path, b"other"))

    def test_a_mode_that_hides_a_file_is_mended(self):
        files.write_if_other(self.path, b"content")
        os.chmod(self.path, 0o600)
        files.write_if_other(self.path, b"content")
        self.assertEqual(0o644, self.mode(self.path))

    def test_a_link_is_not_taken_for_the_file_that_it_leads_to(self):
        files.write(self.path, [b"content"])
        os.symlink("file", self.path + "-link")
        self.assertEqual("", files.sha256_of(self.path + "-link"))
        self.assertEqual("", files.sha256_of(self.folder))
        self.assertEqual("", files.sha256_of(self.path + "-none"))

    def test_what_is_ours_is_taken_over_by_a_link(self):
        files.write(self.path, [b"content"])
        files.take_over(self.path, self.path + "-new")
        self.assertEqual(os.stat(self.path).st_ino, os.stat(self.path + "-new").st_ino)

    @unittest.skipUnless(os.path.isdir(SHARED), "there is no second file system to write to")
    def test_what_is_on_another_disk_is_copied(self):
        with tempfile.TemporaryDirectory(dir=SHARED) as elsewhere:
            old = os.path.join(elsewhere, "old")
            files.write(old, [b"content"])
            files.take_over(old, self.path)
        self.assertEqual(
            (0o644, files.sha256_of(self.path)),
            (self.mode(self.path), hashlib.sha256(b"content").hexdigest()),
        )

    def test_what_cannot_be_taken_over_is_said(self):
        with self.assertRaises(Error) as caught:
            files.take_over(self.path, self.path + "-new")
        self.assertIn("file-new cannot be written", str(caught.exception))
        self.assertEqual([], os.listdir(self.folder))

    def test_a_link_is_swapped_and_left_alone_where_it_is_right(self):
        self.assertTrue(files.point(self.path, "one"))
        self.assertFalse(files.point(self.path, "one"))
        self.assertTrue(files.point(self.path, "two"))
        self.assertEqual(("two", ["file"]), (os.readlink(self.path), os.listdir(self.folder)))

    def test_a_link_half_set_by_a_killed_build_does_not_stop_the_next(self):
        os.symlink("half", os.path.join(self.folder, ".file" + files.PART))
        files.point(self.path, "one")
        self.assertEqual(("one", ["file"]), (os.readlink(self.path), os.listdir(self.folder)))

    def test_what_is_no_link_is_not_replaced(self):
        os.mkdir(self.path)
        with self.assertRaises(Error) as caught:
            files.point(self.path, "one")
        self.assertIn("is not a link", str(caught.exception))

    def test_only_half_written_files_are_swept(self):
        for name in (".a.x" + files.PART, "b" + files.PART, ".c"):
            files.write(os.path.join(self.folder, name), [b""])
        files.sweep(self.folder)
        self.assertEqual(["b" + files.PART, ".c"], sorted(os.listdir(self.folder), reverse=True))

    def test_one_build_at_a_time(self):
        output = os.path.join(self.folder, "output")
        with files.locked(output):
            with self.assertRaises(Error) as caught, files.locked(output):
                self.fail("a second one got in")
            self.assertIn(f"another program is writing to {output}", str(caught.exception))
        with files.locked(output):
            self.assertEqual(0o755, self.mode(output))
