"""A receipt says what an environment is, and is believed only from whom one trusts."""

import json
import os
import unittest

from testnode_python import receipts

from tests.support.nodes import InAFolder

US = {os.geteuid()}


def receipt(**changes):
    """Return a receipt as the precache would give it."""
    made = receipts.Receipt(
        tool="hello",
        request=">=1",
        command="hello",
        version="1.0",
        source="precache",
        origin="the precache /opt/cache",
        locked="2026-11-01T00:00:00Z",
        python="/usr/bin/python3.11",
        series="3.11",
        made="2026-11-02T00:00:00+00:00",
        packages=[receipts.Package("hello", "1.0", "a" * 64), receipts.Package("Other_Thing", "2.0", "")],
    )
    return made._replace(**changes)


class ReceiptTest(InAFolder):
    """Written and read."""

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.folder, receipts.FILE_NAME)
        os.chmod(self.folder, 0o755)

    def read(self, owners=US):
        return receipts.read(self.folder, owners)

    def assert_not_believed(self, reason, owners=US):
        found, why = self.read(owners)
        self.assertIsNone(found)
        self.assertIn(reason, why)

    def test_what_was_written_is_read(self):
        receipts.write(self.folder, receipt())
        self.assertEqual((receipt(), ""), self.read())

    def test_it_is_the_one_file_that_is_left(self):
        self.write(receipts.UNFINISHED, "")
        receipts.write(self.folder, receipt())
        self.assertEqual([receipts.FILE_NAME], os.listdir(self.folder))

    def test_a_newer_one_replaces_it(self):
        receipts.write(self.folder, receipt())
        receipts.write(self.folder, receipt(version="2.0"))
        self.assertEqual("2.0", self.read()[0].version)

    def test_it_is_believed_whatever_the_umask_was(self):
        for umask in (0o000, 0o002, 0o022, 0o077):
            self.addCleanup(os.umask, os.umask(umask))
            # As a maker leaves it, which marks its tree before it fills it.
            with open(os.path.join(self.folder, receipts.UNFINISHED), "w"):
                pass
            receipts.write(self.folder, receipt())
            with self.subTest(oct(umask)):
                self.assertEqual((receipt(), ""), self.read())

    def test_a_tree_that_cannot_be_written_keeps_its_old_receipt(self):
        receipts.write(self.folder, receipt())
        os.mkdir(os.path.join(self.folder, receipts.UNFINISHED))
        with self.assertRaises(OSError):
            receipts.write(self.folder, receipt(version="2.0"))
        self.assertEqual("1.0", self.read()[0].version)

    def test_an_environment_without_one_has_none(self):
        self.assert_not_believed("it has no receipt")
        self.assertEqual((None, "it has no receipt"), receipts.read(self.folder + "/absent", US))
        self.assertEqual((None, "it has no receipt"), receipts.read(self.write("file", ""), US))

    def test_one_of_an_unfinished_environment_is_none(self):
        receipts.write(self.folder, receipt())
        os.rename(self.path, os.path.join(self.folder, receipts.UNFINISHED))
        self.assert_not_believed("it has no receipt")

    def test_one_of_another_owner_is_not_believed(self):
        receipts.write(self.folder, receipt())
        self.assert_not_believed("belongs to user", {os.geteuid() + 1})

    @unittest.skipUnless(os.geteuid() == 0, "needs root to give files away")
    def test_tree_and_receipt_must_both_be_of_a_trusted_owner(self):
        receipts.write(self.folder, receipt())
        os.chown(self.path, 4321, -1)
        self.assert_not_believed(receipts.FILE_NAME + " belongs to user 4321")
        os.chown(self.path, 0, -1)
        os.chown(self.folder, 4321, -1)
        self.assert_not_believed("{} belongs to user 4321".format(self.folder))

    def test_one_that_others_could_have_written_is_not_believed(self):
        receipts.write(self.folder, receipt())
        os.chmod(self.path, 0o666)
        self.assert_not_believed("may be written by others")
        os.chmod(self.path, 0o644)
        os.chmod(self.folder, 0o777)
        self.assert_not_believed("may be written by others")

    def test_what_is_not_trusted_is_not_even_opened(self):
        os.mkfifo(self.path)  # opening it would wait for ever
        self.assert_not_believed("belongs to user", {os.geteuid() + 1})

    def test_one_that_is_no_file_or_no_text_cannot_be_read(self):
        for content in (b"", b"{", b"\xff\xfe", b"[" * 100000):
            self.write(receipts.FILE_NAME, content)
            with self.subTest(content[:3]):
                self.assert_not_believed("its receipt cannot be read: ")
        os.unlink(self.path)
        os.mkdir(self.path)
        os.chmod(self.path, 0o755)
        self.assert_not_believed("its receipt cannot be read: ")

    def changed(self, **changes):
        receipts.write(self.folder, receipt())
        with open(self.path) as file:
            data = json.load(file)
        data.update(changes)
        self.write(receipts.FILE_NAME, json.dumps(data))

    def test_one_of_another_format_is_told(self):
        self.changed(format=2)
        self.assert_not_believed("its receipt is of another release of testnode-python")

    def test_one_that_is_not_whole_is_damaged(self):
        for content in ("[]", "1", '"text"', "null", "{}", '{"format": 1}', '{"format": 1, "packages": 5}'):
            self.write(receipts.FILE_NAME, content)
            with self.subTest(content):
                self.assert_not_believed("its receipt is damaged")

    def test_one_with_values_of_another_kind_is_damaged(self):
        fields = [name for name in receipts.Receipt._fields if name != "packages"] + ["unknown"]
        wrong = [{name: value} for name in fields for value in (None, 5, ["x"])]
        wrong += [
            {"packages": value} for value in (None, ["x"], [{}], [{"name": 1, "version": 2, "sha256": 3}])
        ]
        for changes in wrong:
            self.changed(**changes)
            with self.subTest(changes):
                self.assert_not_believed("its receipt is damaged")

    def test_versions_of_distributions_are_found_whatever_the_spelling(self):
        self.assertEqual("1.0", receipt().version_of("Hello"))
        self.assertEqual("2.0", receipt().version_of("other-thing"))
        self.assertEqual("", receipt().version_of("absent"))
