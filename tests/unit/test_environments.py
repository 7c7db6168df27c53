"""Environments: the old one or the new one, ours and nothing else."""

import contextlib
import os
import shutil
import unittest
from unittest import mock

from testnode_python import environments, receipts
from testnode_python.errors import CommandError, Error, PlaceError

from tests.support.environments import EnvironmentCase, fail, open_text, receipt
from tests.support.nodes import InAFolder

ROOT = os.geteuid() == 0
AS_ROOT = unittest.skipUnless(ROOT, "needs root")
AS_USER = unittest.skipIf(ROOT, "root may write everywhere")


class PlaceTest(InAFolder):
    """Where things lie."""

    def test_in_a_home_all_of_it_lies_hidden_beside_the_link(self):
        place = environments.place_for("/home/x/.local/tox", "/home/x")
        self.assertEqual(
            ("/home/x/.local", ".tox", "/home/x/.local/.tox.lock"), (place.trees, place.stem, place.lock)
        )
        self.assertFalse(place.shared)

    def test_the_systems_own_lies_apart(self):
        place = environments.place_for("/usr/tox-env", "/home/x")
        self.assertEqual("/usr/local/lib/testnode-python", place.trees)
        self.assertRegex(place.stem, "^tox-env-[0-9a-f]{8}$")
        # Where trees lie together, places of the same last name have trees and locks of their own.
        other = environments.place_for("/usr/local/tox-env", "/home/x")
        self.assertNotEqual((place.stem, place.lock), (other.stem, other.lock))
        self.assertEqual(os.path.join(place.trees, place.stem + ".lock"), place.lock)

    @AS_ROOT
    def test_roots_are_for_all_but_in_a_home(self):
        self.assertTrue(environments.place_for("/usr/tox-env", "/home/x").shared)
        self.assertTrue(environments.place_for("/home/xy", "/home/x").shared)
        self.assertFalse(environments.place_for("/home/x", "/home/x").shared)

    @AS_USER
    def test_those_of_users_are_their_own(self):
        self.assertFalse(environments.place_for("/usr/tox-env", "/home/x").shared)

    def test_a_relative_path_is_made_absolute(self):
        self.assertEqual(os.path.abspath("tox"), environments.place_for("tox", "/home/x").path)


class MakeTest(EnvironmentCase):
    """A tree made aside, a link swapped."""

    def test_the_path_is_a_link_to_a_tree_beside_it(self):
        self.make()
        self.assertRegex(os.readlink(self.path), r"^\.hello-[0-9a-f]{8}$")
        self.assertEqual("1.0", self.version())

    def test_the_tree_is_under_its_final_name_from_the_start(self):
        seen = []
        self.make(populate=lambda tree: seen.append(tree) or receipt())
        self.assertEqual(seen, [os.path.realpath(self.path)])

    def test_the_receipt_comes_last_and_alone(self):
        def populate(tree):
            self.assertEqual([receipts.UNFINISHED], os.listdir(tree))
            return receipt("3.0")

        self.assertEqual("3.0", self.make(populate=populate).version)
        tree = os.path.realpath(self.path)
        self.assertEqual([receipts.FILE_NAME], os.listdir(tree))
        self.assertEqual("3.0", receipts.read(tree, {os.geteuid()})[0].version)

    def test_a_new_one_takes_the_place_and_one_before_it_is_kept(self):
        for version in ("1.0", "2.0", "3.0", "4.0"):
            self.make(version)
        self.assertEqual("4.0", self.version())
        self.assertEqual(2, len(self.trees()))
        versions = {open_text(os.path.join(self.folder, tree, "version")) for tree in self.trees()}
        self.assertEqual({"3.0", "4.0"}, versions)

    def test_nothing_but_trees_lock_and_link_is_left(self):
        self.make()
        self.make("2.0")
        self.assertEqual(sorted(self.trees() + [".hello.lock", "hello"]), sorted(os.listdir(self.folder)))

    def test_the_folder_may_be_moved_with_all_that_is_in_it(self):
        moved = os.path.join(self.folder, "moved")
        os.mkdir(moved)
        self.make(place=environments.Place(os.path.join(moved, "hello"), shared=False))
        os.rename(moved, moved + "-on")
        self.assertEqual("1.0", open_text(moved + "-on/hello/version"))

    def test_a_link_that_a_killed_maker_left_half_done_does_not_disturb(self):
        os.symlink("nowhere", os.path.join(self.folder, ".hello.new"))
        self.make()
        self.assertEqual("1.0", self.version())

    def test_a_link_of_ours_that_leads_nowhere_is_replaced(self):
        self.make()
        shutil.rmtree(os.path.realpath(self.path))
        self.make("2.0")
        self.assertEqual("2.0", self.version())


class FailureTest(EnvironmentCase):
    """What a maker that fails leaves: the old state."""

    def assert_old_state(self):
        self.assertEqual("1.0", self.version())
        self.assertEqual([os.readlink(self.path)], self.trees())

    def test_an_error_leaves_the_old_one_and_nothing_half_made(self):
        self.make()
        for error in (Error("no"), KeyboardInterrupt(), SystemExit(1), ValueError("a bug")):

            def populate(tree, error=error):
                self.assertTrue(os.path.isdir(tree))
                raise error

            with self.subTest(error), self.assertRaises(type(error)):
                self.make(populate=populate)
            self.assert_old_state()

    def test_an_error_of_the_system_is_told_with_the_file(self):
        self.make()

        def populate(tree):
            raise OSError(5, "Input/output error", tree + "/file")

        with self.assertRaises(PlaceError) as caught:
            self.make(populate=populate)
        self.assertRegex(
            caught.exception.cause,
            "^{} cannot be made: Input/output error: .*/file$".format(self.path),
        )
        self.assert_old_state()

    def test_a_full_disk_is_told_with_the_cure(self):
        self.make()
        for error in (
            OSError(28, "No space left on device"),
            # As it comes from the interpreter that fills the tree.
            CommandError("python failed", [], 1, "OSError: [Errno 28] No space left on device: 'x'"),
        ):

            def populate(tree, error=error):
                raise error

            with self.subTest(error), self.assertRaises(PlaceError) as caught:
                self.make(populate=populate)
            self.assertEqual(
                "{} cannot be made: No space left on device".format(self.path), caught.exception.cause
            )
            self.assertEqual("free some space", caught.exception.cure)
            self.assert_old_state()

    def test_another_failure_of_the_interpreter_stays_what_it_is(self):
        def populate(tree):
            raise CommandError("python failed", [], 1, "ValueError: no")

        with self.assertRaises(CommandError):
            self.make(populate=populate)

    def test_an_interrupt_after_the_link_was_swapped_leaves_the_new_one(self):
        self.make()
        link = environments._link
        self.addCleanup(setattr, environments, "_link", link)

        def interrupted(place, tree):
            link(place, tree)
            raise KeyboardInterrupt

        environments._link = interrupted
        with self.assertRaises(KeyboardInterrupt):
            self.make("2.0")
        self.assertEqual("2.0", self.version())

    def test_a_first_one_that_fails_leaves_but_the_lock(self):
        with self.assertRaises(Error):
            self.make(populate=fail)
        self.assertEqual([".hello.lock"], os.listdir(self.folder))

    def test_a_receipt_that_cannot_be_written_leaves_the_old_state(self):
        self.make()

        def populate(tree):
            os.mkdir(os.path.join(tree, receipts.FILE_NAME))
            return receipt()

        with self.assertRaises(PlaceError):
            self.make(populate=populate)
        self.assert_old_state()


class LeftoverTest(EnvironmentCase):
    """What killed makers left goes, and nothing else does."""

    def leave(self, name, *files):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        for file in files:
            with open(os.path.join(folder, file), "w"):
                pass
        return name

    def test_unfinished_trees_are_removed(self):
        self.leave(".hello-00000001", receipts.UNFINISHED, "bin")
        self.leave(".hello-00000002")
        self.make()
        self.assertEqual([os.readlink(self.path)], self.trees())

    def test_a_removal_that_was_killed_at_any_moment_is_taken_up_again(self):
        for moment in range(4):
            with self.subTest(moment=moment):
                for version in ("1.0", "2.0"):
                    self.make(version)
                (old,) = set(self.trees()) - {os.readlink(self.path)}
                real, calls = os.unlink, []

                def unlink(path, *arguments, real=real, calls=calls, moment=moment, **options):
                    calls.append(path)
                    if len(calls) > moment:
                        raise KeyboardInterrupt
                    real(path, *arguments, **options)

                with mock.patch.object(os, "unlink", unlink), contextlib.suppress(KeyboardInterrupt):
                    environments._remove(os.path.join(self.folder, old))
                self.make("3.0")
                self.assertEqual("3.0", self.version())
                self.assertLessEqual(len(self.trees()), 2)
                self.assertNotIn(old, self.trees())

    def test_they_are_removed_before_the_new_one_needs_the_room(self):
        left = self.leave(".hello-00000001", receipts.UNFINISHED)
        self.make(populate=lambda tree: self.assertNotIn(left, self.trees()) or receipt())

    def test_they_are_removed_even_when_the_new_one_fails(self):
        self.leave(".hello-00000001", receipts.UNFINISHED)
        with self.assertRaises(Error):
            self.make(populate=fail)
        self.assertEqual([], self.trees())

    def test_nothing_else_is_removed(self):
        others = [
            self.leave(".hello-12345678", "precious"),
            self.leave(".hello-0000001", receipts.UNFINISHED),
            self.leave(".hello-000000001", receipts.UNFINISHED),
            self.leave(".hello-0000000g", receipts.UNFINISHED),
            self.leave(".hello-00000001.bak", receipts.UNFINISHED),
            self.leave(".hello-00000001\n", receipts.UNFINISHED),
            self.leave(".hello2-00000001", receipts.UNFINISHED),
            self.leave("hello-00000001", receipts.UNFINISHED),
            self.leave(".hello-world-00000001", receipts.UNFINISHED),
        ]
        self.write(".hello-aaaaaaaa", "a file")
        os.symlink(self.leave("elsewhere", receipts.UNFINISHED), os.path.join(self.folder, ".hello-bbbbbbbb"))
        others += [".hello-aaaaaaaa", ".hello-bbbbbbbb", "elsewhere"]
        for version in ("1.0", "2.0", "3.0"):
            self.make(version)
        self.assertLessEqual(set(others), set(os.listdir(self.folder)))
        self.assertEqual([receipts.UNFINISHED], os.listdir(os.path.join(self.folder, "elsewhere")))
        self.assertEqual(["precious"], os.listdir(os.path.join(self.folder, ".hello-12345678")))

    def test_the_trees_of_another_place_are_not_looked_at(self):
        other = environments.Place(os.path.join(self.folder, "hello-2"), shared=False)
        for version in ("1.0", "2.0"):
            self.make(version, place=other)
        before = [name for name in os.listdir(self.folder) if name.startswith(".hello-2-")]
        for version in ("1.0", "2.0", "3.0"):
            self.make(version)
        self.assertEqual(2, len(before))
        self.assertLessEqual(set(before), set(os.listdir(self.folder)))


class ForeignTest(EnvironmentCase):
    """What somebody else put at the place stays as it is."""

    def assert_refused(self, what):
        with self.assertRaises(PlaceError) as caught:
            self.make()
        error = caught.exception
        self.assertEqual(self.path, error.path)
        self.assertEqual(
            "{} is {} and not made by testnode-python, so it stays as it is".format(self.path, what),
            error.cause,
        )
        self.assertEqual("move it away, or name another place with --venv", error.cure)
        self.assertEqual([], self.trees())

    def test_a_folder(self):
        self.write("hello/bin/python", "theirs")
        self.assert_refused("there already")
        self.assertEqual("theirs", open_text(self.path + "/bin/python"))

    def test_an_empty_folder(self):
        os.mkdir(self.path)
        self.assert_refused("there already")
        self.assertTrue(os.path.isdir(self.path))

    def test_a_file(self):
        self.write("hello", "theirs")
        self.assert_refused("there already")
        self.assertEqual("theirs", open_text(self.path))

    def test_a_link(self):
        os.mkdir(self.folder + "/theirs")
        for target in (self.folder + "/theirs", "/nonexistent", "/nonexistent/.hello-00000000"):
            os.symlink(target, self.path)
            with self.subTest(target):
                self.assert_refused("a link to " + target)
                self.assertEqual(target, os.readlink(self.path))
            os.unlink(self.path)

    def test_what_is_found_foreign_is_left_although_the_maker_would_have_failed(self):
        os.mkdir(self.path)
        calls = []
        with self.assertRaises(PlaceError):
            self.make(populate=calls.append)
        self.assertEqual([], calls)
