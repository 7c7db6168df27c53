"""Whose files are believed."""

import os
import unittest

from testnode_python import ownership

from tests.support.nodes import InAFolder

US = os.geteuid()
AS_ROOT = unittest.skipUnless(US == 0, "needs root to give files away")


class TrustedOwnersTest(unittest.TestCase):
    """Root and the caller."""

    def test_root_and_the_caller_are_trusted(self):
        self.assertEqual({0, 1000}, ownership.trusted_owners(1000))
        self.assertEqual({0}, ownership.trusted_owners(0))

    def test_the_caller_is_who_runs_us(self):
        self.assertEqual(ownership.trusted_owners(US), ownership.trusted_owners())

    def test_the_owner_that_unknown_owners_show_as_is_not_even_where_it_is_the_caller(self):
        with open("/proc/sys/kernel/overflowuid") as file:
            overflow = int(file.read())
        self.assertEqual({0}, ownership.trusted_owners(overflow))

    def test_it_is_known_where_the_kernel_does_not_tell(self):
        self.addCleanup(setattr, ownership, "_OVERFLOW_UID", ownership._OVERFLOW_UID)
        ownership._OVERFLOW_UID = os.devnull
        self.assertEqual({0}, ownership.trusted_owners(65534))
        ownership._OVERFLOW_UID = "/nonexistent/overflowuid"
        self.assertEqual({0}, ownership.trusted_owners(65534))


class FaultTest(InAFolder):
    """What is wrong with one file or folder."""

    def test_a_file_of_a_trusted_owner_has_no_fault(self):
        self.assertEqual("", ownership.fault(self.write("file", ""), {US}))

    def test_a_file_of_another_owner_is_named_with_who_should_own_it(self):
        path = self.write("file", "")
        self.assertEqual(
            "{} belongs to user {}, not to user {}".format(path, US, US + 1), ownership.fault(path, {US + 1})
        )

    @AS_ROOT
    def test_a_file_given_to_somebody_else_is_not_trusted(self):
        path = self.write("file", "")
        os.chown(path, 4321, 4321)
        self.assertEqual(
            "{} belongs to user 4321, not to root or user 1000".format(path), ownership.fault(path, {1000, 0})
        )

    def test_what_group_or_others_may_write_has_its_mode_told(self):
        path = self.write("file", "")
        for mode in (0o664, 0o646, 0o666):
            os.chmod(path, mode)
            with self.subTest(oct(mode)):
                self.assertEqual(
                    "{} may be written by others (mode {:04o})".format(path, mode),
                    ownership.fault(path, {US}),
                )

    def test_a_folder_that_others_may_write_is_at_fault_sticky_or_not(self):
        os.chmod(self.folder, 0o1777)
        self.assertIn("(mode 1777)", ownership.fault(self.folder, {US}))

    def test_what_is_not_there_cannot_be_trusted(self):
        path = os.path.join(self.folder, "absent")
        self.assertEqual(
            "{} cannot be read: No such file or directory".format(path), ownership.fault(path, {US})
        )

    def test_a_link_is_judged_itself_and_has_no_mode(self):
        link = os.path.join(self.folder, "link")
        os.symlink("/nonexistent", link)
        self.assertEqual("", ownership.fault(link, {US}))
        self.assertIn("belongs to user", ownership.fault(link, {US + 1}))


class FaultWithParentsTest(InAFolder):
    """What is wrong with a path or the way to it."""

    @unittest.skipUnless(os.stat("/").st_uid == 0, "this name space does not know root")
    def test_a_path_that_is_roots_all_the_way_has_none(self):
        self.assertEqual("", ownership.fault_with_parents("/usr", {0}))

    def test_the_first_fault_on_the_way_is_told(self):
        self.assertTrue(ownership.fault_with_parents("/usr", {-1}).startswith("/ belongs to user "))

    def test_a_fault_of_the_last_step_is_told(self):
        path = os.path.join("/", "testnode-python-is-not-there")
        owners = {os.stat("/").st_uid}
        self.assertEqual(
            path + " cannot be read: No such file or directory", ownership.fault_with_parents(path, owners)
        )

    def steps(self, path):
        """Return the way to a path, from the test's folder on."""
        steps = list(ownership._steps(path))
        start = steps.index(self.folder)
        self.assertEqual("/", steps[0])
        return [step[len(self.folder) :] for step in steps[start + 1 :]]

    def test_every_folder_on_the_way_is_looked_at(self):
        self.write("a/b/file", "")
        self.assertEqual(["/a", "/a/b", "/a/b/file"], self.steps(self.folder + "/a//b/./file"))

    def test_a_link_and_every_folder_that_it_leads_through_are_looked_at(self):
        self.write("real/deep/file", "")
        os.symlink("real/deep", self.folder + "/link")
        self.assertEqual(
            ["/link", "/real", "/real/deep", "/real/deep/file"], self.steps(self.folder + "/link/file")
        )

    def test_a_way_up_is_followed_as_the_kernel_does(self):
        self.write("real/deep/file", "")
        self.write("real/other", "")
        os.symlink("real/deep", self.folder + "/link")
        self.assertEqual(
            ["/link", "/real", "/real/deep", "/real", "/real/other"],
            self.steps(self.folder + "/link/../other"),
        )

    def test_an_absolute_link_is_followed_from_the_root_on(self):
        self.write("real/file", "")
        os.symlink(self.folder + "/real", self.folder + "/link")
        steps = list(ownership._steps(self.folder + "/link/file"))
        after = steps[steps.index(self.folder + "/link") + 1 :]
        self.assertEqual(
            [self.folder, self.folder + "/real", self.folder + "/real/file"],
            [step for step in after if step.startswith(self.folder)],
        )

    def test_links_that_lead_in_a_circle_come_to_an_end(self):
        os.symlink("two", self.folder + "/one")
        os.symlink("one", self.folder + "/two")
        self.assertEqual({"/one", "/two"}, set(self.steps(self.folder + "/one")))
