"""Environments, commands, pins and the precache of a system."""

import json
import os
from unittest import mock

from testnode_python import manifest, receipts
from testnode_python.audit import pathcommands, pins, stored, venvs

from tests.support.environments import receipt
from tests.support.systems import US, SystemCase

HOME = "/root"
TREE = "/usr/local/lib/testnode-python/tox-env-0123abcd-89abcdef"


class PlacesCase(SystemCase):
    """Has an environment of ours at ``/usr/tox-env``."""

    def setUp(self):
        super().setUp()
        self.environment(TREE)
        self.put(TREE + "/bin/tox", mode=0o755)
        receipts.write(self.outside(TREE), receipt(tool="tox", version="4.1"))
        self.link("/usr/tox-env", TREE)


class EnvironmentsTest(PlacesCase):
    """Ours by receipt, others by their settings."""

    def find(self, *extra):
        self.notes = []
        return venvs.find(self.root(), list(extra), US, self.notes)

    def test_ours_is_known_by_its_receipt_and_link(self):
        (found,) = self.find()
        self.assertEqual((TREE, ["/usr/tox-env"], ""), (found.path, found.names, found.fault))
        self.assertEqual(
            ("tox", "4.1", "precache"), (found.receipt.tool, found.receipt.version, found.receipt.source)
        )
        self.assertEqual(("3.11.2", "/usr/bin", os.geteuid()), (found.version, found.home, found.uid))
        self.assertEqual("", found.shared_fault)

    def test_one_that_was_swapped_out_has_no_name(self):
        os.unlink(self.outside("/usr/tox-env"))
        self.assertEqual([[]], [each.names for each in self.find()])

    def test_others_are_found_at_the_usual_places_and_where_commands_lead(self):
        usual = [
            "/opt/a/venv",
            "/home/zuul/.local/tox",
            "/home/zuul/.venv",
            HOME + "/venv",
            "/usr/glean",
            "/venv",
        ]
        for path in usual + ["/deep/in/a/folder/*"]:
            self.environment(path)
        found = {each.path: each for each in self.find("/deep/in/a/folder/*")}
        self.assertEqual(set(usual) | {TREE, "/deep/in/a/folder/*"}, set(found))
        self.assertIsNone(found["/usr/glean"].receipt)
        self.assertEqual("", found["/usr/glean"].fault)

    def test_a_receipt_that_others_may_write_is_not_believed(self):
        os.chmod(self.outside(TREE), 0o777)
        (found,) = self.find()
        self.assertIsNone(found.receipt)
        self.assertIn("may be another's", found.fault)
        self.assertEqual(TREE + " may be written by others", found.shared_fault)

    def test_a_receipt_that_is_a_trap_is_told(self):
        path = TREE + "/" + receipts.FILE_NAME
        traps = {
            "is larger than": lambda file: file.truncate(1 << 40),
            "cannot be read": lambda file: file.write(b"\xff{"),
            "its receipt cannot be read": lambda file: file.write(b"[" * 100000),
            "its receipt is damaged": lambda file: file.write(b'{"format": 1, "packages": "ab"}'),
            "another release": lambda file: file.write(b'{"format": 9}'),
        }
        for words, lay in traps.items():
            with self.subTest(words):
                self.put(path)
                with open(self.outside(path), "wb") as file:
                    lay(file)
                (found,) = self.find()
                self.assertIsNone(found.receipt)
                self.assertIn(words, found.fault)

    def test_a_fifo_for_settings_is_no_trap(self):
        self.make_folder("/opt/trap")
        os.mkfifo(self.outside("/opt/trap/pyvenv.cfg"))
        (found,) = [each for each in self.find() if each.path == "/opt/trap"]
        self.assertEqual(("", ""), (found.version, found.home))

    def test_of_too_many_folders_some_are_left_out_and_that_is_told(self):
        with mock.patch.object(venvs, "_MOST_FOLDERS", 1):
            self.find()
        self.assertRegex(self.notes[0], "^of [0-9]+ folders that may be environments 1 were looked at$")

    def test_a_link_in_circles_is_none(self):
        self.link("/opt/circle", "circle")
        self.assertEqual([TREE], [each.path for each in self.find()])


class CommandsTest(PlacesCase):
    """Where a command leads decides, not where it lies."""

    def command(self, path="/usr/local/bin/tox", owners=US):
        (found,) = [
            each for each in pathcommands.find(self.root(), self.packages(), owners, []) if each.path == path
        ]
        return found

    def test_one_of_a_package_is_managed(self):
        self.put("/usr/bin/pip3", mode=0o755)
        self.package("python3-pip", "/usr/bin/pip3")
        self.link("/usr/local/bin/pip", "/etc/alternatives/pip")
        self.link("/etc/alternatives/pip", "/usr/bin/pip3")
        for path in ("/usr/bin/pip3", "/usr/local/bin/pip"):
            with self.subTest(path):
                found = self.command(path)
                self.assertEqual(
                    ("package", "python3-pip", "/usr/bin/pip3"), (found.leads_to, found.owner, found.target)
                )
                self.assertFalse(found.is_unmanaged)

    def test_one_in_an_environment_of_root_s_is_managed(self):
        self.link("/usr/local/bin/tox", "/usr/tox-env/bin/tox")
        found = self.command()
        self.assertEqual(
            ("environment", TREE, TREE + "/bin/tox"), (found.leads_to, found.environment, found.target)
        )
        self.assertFalse(found.is_unmanaged)

    def test_one_in_an_environment_of_somebody_else_is_not(self):
        self.link("/usr/local/bin/tox", "/usr/tox-env/bin/tox")
        found = self.command(owners={-5})
        self.assertIn("belongs to user", found.fault)
        self.assertTrue(found.is_unmanaged)

    def test_one_whose_way_others_may_change_is_not(self):
        self.make_folder("/var/open")
        self.link("/var/open/tox", "/usr/tox-env/bin/tox")
        os.chmod(self.outside("/var/open"), 0o777)
        self.link("/usr/local/bin/tox", "/var/open/tox")
        found = self.command()
        self.assertEqual("/var/open may be written by others", found.fault)
        self.assertTrue(found.is_unmanaged)

    def test_one_that_runs_on_somebody_s_python_is_not(self):
        self.put("/home/zuul/python", mode=0o755)
        os.chmod(self.outside("/home/zuul"), 0o777)
        os.unlink(self.outside(TREE + "/bin/python"))
        for target in ("/home/zuul/python", "python"):
            with self.subTest(target):
                self.link(TREE + "/bin/python", target)
                self.link("/usr/local/bin/tox", TREE + "/bin/tox")
                self.assertTrue(self.command().is_unmanaged)
                os.unlink(self.outside(TREE + "/bin/python"))
                os.unlink(self.outside("/usr/local/bin/tox"))

    def test_the_system_is_no_environment_whatever_lies_there(self):
        self.put("/usr/pyvenv.cfg")
        self.put("/usr/local/pyvenv.cfg")
        self.put("/usr/local/bin/tox", mode=0o755)
        self.assertEqual(("nobody", True), (self.command().leads_to, self.command().is_unmanaged))

    def test_a_script_of_nobody_s_is_not(self):
        self.put("/usr/local/bin/tox", "#!/usr/bin/python3\n", mode=0o755)
        self.assertEqual(("nobody", True), (self.command().leads_to, self.command().is_unmanaged))

    def test_what_leads_nowhere_is_not(self):
        self.link("/usr/local/bin/tox", "/gone/tox")
        self.link("/usr/local/bin/pip3.11", "pip3.11")
        self.link("/usr/local/bin/virtualenv", "/usr/lib")
        for name in ("tox", "pip3.11", "virtualenv"):
            with self.subTest(name):
                found = self.command("/usr/local/bin/" + name)
                self.assertEqual(("nowhere", True), (found.leads_to, found.is_unmanaged))

    def test_other_tools_are_told_and_not_stopped(self):
        for name in ("uv", "uvx", "bindep", "stestr", "nox", "glean", "wheel", "wheel3", "easy_install-3.8"):
            self.put("/usr/local/bin/" + name, mode=0o755)
            with self.subTest(name):
                found = self.command("/usr/local/bin/" + name)
                self.assertEqual(("nobody", False), (found.leads_to, found.is_unmanaged))

    def test_what_only_looks_like_one_is_left_out(self):
        for name in ("pipe", "tox.ini", "pip3-old\n", "2pip", "pip3.11.2"):
            self.put("/usr/local/bin/" + name, mode=0o755)
        self.make_folder("/usr/local/bin/pip")
        self.assertEqual([], pathcommands.find(self.root(), self.packages(), US, []))

    def test_folders_of_one_place_give_one_command(self):
        self.put("/usr/bin/pip3", mode=0o755)
        self.link("/usr/sbin", "bin")
        self.link("/sbin", "usr/sbin")
        self.assertEqual(1, len(pathcommands.find(self.root(), self.packages(), US, [])))


class PinsTest(SystemCase):
    """Files that pin something, with the names in them."""

    def test_preferences_and_version_locks_are_listed(self):
        self.put("/etc/apt/preferences", "Package: *\nPin: release a=stable\n")
        self.put(
            "/etc/apt/preferences.d/pip", "Explanation: x\n\nPackage: python3-pip python3-wheel \nPin: x\n"
        )
        self.put("/etc/apt/preferences.d/empty", "# nothing\n")
        self.put("/etc/dnf/plugins/versionlock.list", "# comment\npython3-pip-0:21.2-1.*\n")
        self.assertEqual(
            [
                ("/etc/apt/preferences", ["*"]),
                ("/etc/apt/preferences.d/pip", ["python3-pip python3-wheel"]),
                ("/etc/dnf/plugins/versionlock.list", ["python3-pip-0:21.2-1.*"]),
            ],
            pins.find(self.root(), []),
        )

    def test_one_that_cannot_be_read_is_told(self):
        self.make_folder("/etc/apt/preferences.d")
        os.mkfifo(self.outside("/etc/apt/preferences.d/fifo"))
        notes = []
        self.assertEqual([], pins.find(self.root(), notes))
        self.assertEqual(["/etc/apt/preferences.d/fifo is no regular file"], notes)


class StoredTest(SystemCase):
    """The precache at its place, as its manifest tells."""

    def find(self):
        return stored.find(self.root(), US, [])

    def put_precache(self):
        target = manifest.Target("cp311-linux_x86_64", "cpython", (3, 11), "x86_64", ("glibc", (2, 17)), {})
        made = manifest.Manifest("0" * 64, "2026-11-01T00:00:00Z", {}, {target.name: target}, {})
        folder = "/opt/cache/testnode-python/" + made.lock_digest
        self.put(folder + "/manifest.json", manifest.dumps(made))
        self.put(folder + "/wheels/a-1-py3-none-any.whl", "x" * 100)
        self.link("/opt/cache/testnode-python/current", made.lock_digest)
        return made, self.outside(folder)

    def test_a_system_may_have_none(self):
        self.assertIsNone(self.find())

    def test_its_lock_date_targets_and_size_are_told(self):
        made, folder = self.put_precache()
        found = self.find()
        self.assertEqual(
            (made.lock_digest, made.locked, sorted(made.targets), ""),
            (found.lock_digest, found.locked, found.targets, found.fault),
        )
        self.assertEqual("/opt/cache/testnode-python/" + made.lock_digest, found.folder)
        sizes = [
            os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names
        ]
        self.assertEqual((len(sizes), sum(sizes)), (found.files, found.bytes))

    def test_one_that_others_may_write_is_told(self):
        _, folder = self.put_precache()
        os.chmod(folder, 0o777)
        self.assertIn("may be written by others", self.find().fault)

    def test_one_that_is_damaged_is_told(self):
        _, folder = self.put_precache()
        with open(os.path.join(folder, "manifest.json"), "w") as file:
            json.dump({"format": 99}, file)
        self.assertIn("has format 99", self.find().fault)
        with open(os.path.join(folder, "manifest.json"), "w") as file:
            file.write('{"format": ' + "9" * 1000000 + "}")
        self.assertIn("has a number that is none of a precache", self.find().fault)
        os.unlink(os.path.join(folder, "manifest.json"))
        self.assertIn("cannot be read", self.find().fault)
