"""Who owns a file, as dpkg and rpm have written it down."""

import os
import stat
from unittest import mock

from testnode_python.audit import packagedb, rpmdb

from tests.support.systems import DIST, SystemCase


class DpkgTest(SystemCase):
    """Its lists, diversions, and names of folders that are links."""

    def owner(self, path):
        return self.packages().owner(path)

    def test_a_listed_file_belongs_to_its_package_and_others_to_nobody(self):
        self.assertEqual("python3.11-minimal", self.owner("/usr/bin/python3.11"))
        self.assertEqual("", self.owner("/usr/bin/python3.12"))
        self.assertEqual((["dpkg"], []), self.packages()[0:1] + self.packages()[3:4])

    def test_a_file_listed_by_its_name_before_usr_was_merged_is_the_same_file(self):
        self.package("old", "/lib/python3/dist-packages/old.py", "/bin/old")
        self.assertEqual("old", self.owner(DIST + "/old.py"))
        self.assertEqual("old", self.owner("/usr/bin/old"))

    def test_a_package_of_several_machines_is_named_without_one(self):
        self.package("libx:amd64", "/usr/lib/libx.so")
        self.assertEqual("libx", self.owner("/usr/lib/libx.so"))

    def test_bytecode_belongs_to_the_owner_of_its_source(self):
        self.package("p", DIST + "/a.py", DIST + "/my.file.py", "/usr/lib/python2.7/dist-packages/b.py")
        for path in (
            DIST + "/__pycache__/a.cpython-311.pyc",
            DIST + "/__pycache__/a.cpython-311.opt-2.pyc",
            DIST + "/__pycache__/my.file.cpython-311.pyc",
            "/usr/lib/python2.7/dist-packages/b.pyc",
            "/usr/lib/python2.7/dist-packages/b.pyo",
        ):
            with self.subTest(path):
                self.assertEqual("p", self.owner(path))
        self.assertEqual("", self.owner(DIST + "/__pycache__/other.cpython-311.pyc"))
        self.assertEqual("", self.owner(DIST + "/a.pyd"))

    def test_a_diverted_file_lies_elsewhere(self):
        self.package("pip-less", "/usr/bin/pip3")
        self.package("mine", "/usr/bin/pip3")
        self.put("/var/lib/dpkg/diversions", "/usr/bin/pip3\n/usr/bin/pip3.distrib\nmine\n")
        self.assertEqual("mine", self.owner("/usr/bin/pip3"))
        self.assertEqual("pip-less", self.owner("/usr/bin/pip3.distrib"))

    def test_a_local_diversion_leaves_the_place_to_nobody(self):
        self.package("python3-pip", "/usr/bin/pip3")
        self.put("/var/lib/dpkg/diversions", "/usr/bin/pip3\n/usr/bin/pip3.distrib\n:\n")
        self.assertEqual("", self.owner("/usr/bin/pip3"))

    def test_holds_are_those_of_the_status(self):
        self.package("python3-pip", status="hold ok installed", version="23.0.1")
        self.package("other")
        self.assertEqual([("python3-pip", "23.0.1")], self.packages().holds)

    def test_a_description_that_looks_like_a_status_holds_nothing(self):
        status = "Package: a\nStatus: install ok installed\nDescription: x\n Status: hold ok installed\n"
        self.assertEqual([], packagedb.holds_in(status))

    def test_a_list_that_cannot_be_read_is_told(self):
        os.mkfifo(self.outside("/var/lib/dpkg/info/fifo.list"))
        self.put("/var/lib/dpkg/info/bad.list", b"/usr/bin/\xff\n/a\0b\nno path\n")
        packages = self.packages()
        self.assertEqual(["/var/lib/dpkg/info/fifo.list is no regular file"], packages.unread)
        self.assertEqual("bad", packages.owner(os.fsdecode(b"/usr/bin/\xff")))

    def test_of_too_many_files_some_are_left_out_and_that_is_told(self):
        self.package("other", "/a")
        with mock.patch.object(packagedb, "_MOST_FILES", 0):
            self.assertEqual(["dpkg knows more than 0 files"], self.packages().unread)

    def test_a_status_or_diversions_that_cannot_be_read_are_told(self):
        os.mkfifo(self.outside("/var/lib/dpkg/diversions"))
        self.assertEqual(["/var/lib/dpkg/diversions is no regular file"], self.packages().unread)
        os.unlink(self.outside("/var/lib/dpkg/status"))
        self.make_folder("/var/lib/dpkg/status")
        self.assertIn("/var/lib/dpkg/status is no regular file", self.packages().unread)


class NoDatabaseTest(SystemCase):
    """Without one, nobody can say who owns what."""

    def test_a_system_without_any_says_so(self):
        os.unlink(self.outside("/var/lib/dpkg/status"))
        self.assertEqual(
            ([], ["there is no package database: neither dpkg's nor rpm's"]),
            (self.packages().managers, self.packages().unread),
        )

    def test_a_dpkg_that_installed_nothing_is_none(self):
        self.put("/var/lib/dpkg/status", "")
        self.assertEqual([], self.packages().managers)


RPM = """\
#!/bin/sh
test "$1" = --dbpath -a -f "$2/rpmdb.sqlite" -a "$3" = -qa || exit 3
{}
"""


class RpmTest(SystemCase):
    """Its database needs a program, which is that of this machine and sees a copy."""

    def setUp(self):
        super().setUp()
        os.unlink(self.outside("/var/lib/dpkg/status"))
        self.put("/usr/lib/sysimage/rpm/rpmdb.sqlite", "database")
        self.link("/var/lib/rpm", "../../usr/lib/sysimage/rpm")

    def read(self, *script):
        """Read the packages where rpm does what the script says; without one there is no rpm."""
        folder = "/host"
        self.make_folder(folder)
        if script:
            self.put(folder + "/rpm", RPM.format("\n".join(script)), mode=0o755)
        with mock.patch.dict(os.environ, PATH=self.outside(folder)):
            return self.packages()

    def test_without_the_program_it_cannot_be_read(self):
        packages = self.read()
        self.assertEqual([], packages.managers)
        (reason,) = packages.unread
        self.assertTrue(
            reason.startswith("rpm database cannot be read here: /usr/lib/sysimage/rpm needs an rpm")
        )

    def test_with_it_files_have_owners_by_any_name(self):
        packages = self.read("printf '/usr/bin/pip3\\tpython3-pip\\n/lib/x\\tx\\n(none)\\ty\\n'")
        self.assertEqual((["rpm"], []), (packages.managers, packages.unread))
        self.assertEqual(
            ["python3-pip", "x"], [packages.owner("/usr/bin/pip3"), packages.owner("/usr/lib/x")]
        )

    def test_a_program_that_fails_is_told(self):
        (reason,) = self.read("echo cannot open Packages >&2; exit 1").unread
        self.assertEqual("rpm database cannot be read here: cannot open Packages", reason)

    def test_a_database_without_packages_is_told(self):
        (reason,) = self.read("exit 0").unread
        self.assertEqual("rpm database cannot be read here: it has no packages", reason)

    def test_a_program_that_hangs_is_told(self):
        with mock.patch.object(rpmdb, "_SECONDS", 0.2):
            (reason,) = self.read("exec /bin/sleep 60").unread
        self.assertIn("did not end within 0.2 s", reason)

    def test_a_database_that_is_too_large_is_told(self):
        with mock.patch.object(rpmdb, "_MOST", 3):
            (reason,) = self.read("exit 0").unread
        self.assertIn("is larger than 3 bytes", reason)

    def test_a_machine_without_room_for_a_copy_says_so(self):
        with mock.patch.object(rpmdb.tempfile, "tempdir", self.outside("/nowhere")):
            (reason,) = self.read("exit 0").unread
        self.assertIn("rpm database cannot be read here", reason)

    def test_where_dpkg_owns_the_system_rpm_need_not_be_read(self):
        self.package("base", "/usr/bin/base")
        self.put("/var/lib/dpkg/status", "Package: base\nStatus: install ok installed\n")
        self.assertEqual((["dpkg"], []), (self.read().managers, self.read().unread))

    def test_nothing_of_the_system_is_run(self):
        self.put("/usr/bin/rpm", "#!/bin/sh\ntouch {}\n".format(self.outside("/ran")), mode=0o755)
        self.assertTrue(os.stat(self.outside("/usr/bin/rpm")).st_mode & stat.S_IXUSR)
        self.read()
        self.assertFalse(os.path.exists(self.outside("/ran")))
