"""What is in the global site-packages, and whose it is."""

import os
import time

from testnode_python.audit import distributions, pythons, sitepackages

from tests.support.systems import DIST, SITE, SystemCase

HOME = "/root"


class PythonsTest(SystemCase):
    """Interpreters by the names of their files."""

    def find(self):
        return pythons.find(self.root(), self.packages(), [])

    def test_links_are_further_names_of_a_binary(self):
        self.link("/usr/local/bin/python", "/usr/bin/python3")
        (python,) = self.find()
        self.assertEqual(
            ("/usr/bin/python3.11", ["/usr/bin/python3", "/usr/local/bin/python"], "3.11"),
            (python.path, python.names, python.series),
        )

    def test_it_has_an_owner_and_the_marker_of_pep_668(self):
        (python,) = self.find()
        self.assertEqual("python3.11-minimal", python.owner)
        self.assertEqual("/usr/lib/python3.11/EXTERNALLY-MANAGED", python.externally_managed)
        self.assertTrue(python.is_global)

    def test_python_2_and_those_elsewhere_are_found(self):
        self.put("/usr/bin/python2.7", mode=0o755)
        self.put("/opt/python3.9/bin/python3.9", mode=0o755)
        self.put("/usr/libexec/platform-python3.6", mode=0o755)
        found = [(each.path, each.series, each.is_global, each.prefix) for each in self.find()]
        self.assertIn(("/usr/bin/python2.7", "2.7", True, "/usr"), found)
        self.assertIn(("/opt/python3.9/bin/python3.9", "3.9", False, "/opt/python3.9"), found)
        self.assertIn(("/usr/libexec/platform-python3.6", "3.6", True, "/usr"), found)

    def test_one_elsewhere_that_path_has_is_global(self):
        self.put("/opt/p/bin/python3.9", mode=0o755)
        self.link("/usr/local/bin/python3", "/opt/p/bin/python3.9")
        (python,) = [each for each in self.find() if each.prefix == "/opt/p"]
        self.assertTrue(python.is_global)

    def test_the_series_may_be_that_of_its_library(self):
        self.put("/opt/p/bin/python3", mode=0o755)
        self.make_folder("/opt/p/lib/python3.8")
        self.assertEqual("3.8", self.find()[0].series)
        self.make_folder("/opt/p/lib/python3.7")
        self.assertEqual("", self.find()[0].series)

    def test_environments_and_what_is_no_program_are_none(self):
        self.environment("/opt/venv")
        self.put("/usr/pyvenv.cfg")  # which makes no environment of the system
        self.put("/usr/bin/python3.8")  # it cannot be run
        self.put("/usr/bin/python3.11-config", mode=0o755)
        self.make_folder("/usr/bin/python3.7")
        self.link("/usr/bin/python3.6", "/usr/bin/gone")
        self.link("/usr/bin/python3.5", "python3.5")
        self.assertEqual([("/usr/bin/python3.11", ["/usr/bin/python3"])], [each[:2] for each in self.find()])


class MetadataTest(SystemCase):
    """Names and files, whoever wrote the metadata."""

    def read(self, name):
        return distributions.read(self.root(), SITE + "/" + name)

    def test_name_version_and_files_are_read(self):
        paths = self.distribution(SITE, "Foo_Bar", "1.0", "foo/__init__.py")
        found = self.read("Foo_Bar-1.0.dist-info")
        self.assertEqual(("Foo_Bar", "1.0", paths), (found.name, found.version, found.files))

    def test_files_elsewhere_are_named_by_their_paths(self):
        self.distribution(SITE, "foo", "1.0")
        self.put(SITE + "/foo-1.0.dist-info/RECORD", '../../../bin/foo,,\n"a,b.py",,\n')
        self.assertEqual(["/usr/local/bin/foo", SITE + "/a,b.py"], self.read("foo-1.0.dist-info").files)

    def test_eggs_are_read_in_their_forms(self):
        self.put(SITE + "/a-1.0-py3.11.egg-info", "Name: a\nVersion: 1.0\n")
        self.put(SITE + "/b-2.0.egg-info/PKG-INFO", "Name: b\nVersion: 2.0\n")
        self.put(SITE + "/b-2.0.egg-info/installed-files.txt", "../b.py\nPKG-INFO\n")
        self.put(SITE + "/c-3.0-py3.11.egg/EGG-INFO/PKG-INFO", "Name: c\nVersion: 3.0\n")
        self.put(SITE + "/d-4.0-py3.11.egg", b"PK\x03\x04")
        names = ["a-1.0-py3.11.egg-info", "b-2.0.egg-info", "c-3.0-py3.11.egg", "d-4.0-py3.11.egg"]
        self.assertEqual(
            [("a", "1.0"), ("b", "2.0"), ("c", "3.0"), ("d", "4.0")], [self.read(name)[:2] for name in names]
        )
        self.assertEqual(
            [SITE + "/b.py", SITE + "/b-2.0.egg-info/PKG-INFO"], self.read("b-2.0.egg-info").files
        )

    def test_names_that_make_no_sense_give_way_to_the_folder_s(self):
        self.put(SITE + "/foo-1.0.dist-info/METADATA", "Name: \x1b[31mfoo\nVersion: 1.0\n\nName: late\n")
        self.put(SITE + "/foo-1.0.dist-info/RECORD", '"' + "x" * 200000 + "\n")
        found = self.read("foo-1.0.dist-info")
        self.assertEqual(("foo", "1.0", []), (found.name, found.version, found.files))

    def test_a_line_of_blanks_takes_no_time(self):
        self.put(SITE + "/foo-1.0.dist-info/METADATA", "Name: foo" + " " * 4000000 + "x\nVersion: 2.0\n")
        start = time.monotonic()
        self.assertEqual(("foo", "1.0"), self.read("foo-1.0.dist-info")[:2])
        self.assertLess(time.monotonic() - start, 5)

    def test_a_description_does_not_name_it(self):
        self.put(SITE + "/foo-1.0.dist-info/METADATA", "Name: foo\nVersion: 1.0\n\nName: bar\nVersion: 2.0\n")
        self.assertEqual(("foo", "1.0"), self.read("foo-1.0.dist-info")[:2])


class SitesTest(SystemCase):
    """Owned are metadata and files, or it is not."""

    def sites(self):
        root, packages, self.unread, self.notes = self.root(), self.packages(), [], []
        found = pythons.find(root, packages, self.notes)
        return {site.path: site for site in sitepackages.find(root, packages, found, self.unread, self.notes)}

    def test_a_distribution_of_a_package_is_its(self):
        paths = self.distribution(DIST, "six", "1.16", "six.py", record=False)
        self.package("python3-six", *paths)
        self.put(DIST + "/__pycache__/six.cpython-311.pyc")
        site = self.sites()[DIST]
        (found,) = site.distributions
        self.assertEqual(
            ("six", "1.16", "python3-six", 0), (found.name, found.version, found.owner, found.unowned)
        )
        self.assertEqual(([], 3, 0), (site.strays, site.files, site.unowned))

    def test_one_that_pip_installed_is_nobody_s(self):
        paths = self.distribution(SITE, "pip", "26.0", "pip/__init__.py", "pip/main.py")
        self.put(SITE + "/pip/__pycache__/main.cpython-311.pyc")
        (found,) = self.sites()[SITE].distributions
        self.assertEqual(("", "", len(paths) + 1), (found.owner, found.package, found.unowned))
        self.assertEqual(SITE + "/pip-26.0.dist-info/METADATA", found.examples[0])

    def test_one_file_without_an_owner_makes_it_nobody_s(self):
        paths = self.distribution(DIST, "six", "1.16", "six.py", "six_new.py")
        self.package("python3-six", *[path for path in paths if not path.endswith("six_new.py")])
        (found,) = self.sites()[DIST].distributions
        self.assertEqual(
            ("", "python3-six", [DIST + "/six_new.py"]), (found.owner, found.package, found.examples)
        )

    def test_metadata_without_an_owner_makes_it_nobody_s(self):
        self.distribution(DIST, "six", "1.17", "six.py")
        self.package("python3-six", DIST + "/six.py")
        (found,) = self.sites()[DIST].distributions
        self.assertEqual(("", ""), (found.owner, found.package))

    def test_its_files_elsewhere_count(self):
        paths = self.distribution(DIST, "tool", "1")
        self.package("python3-tool", *paths)
        self.put(DIST + "/tool-1.dist-info/RECORD", "../../../local/bin/tool,,\n../../../local/bin/gone,,\n")
        self.put("/usr/local/bin/tool")
        (found,) = self.sites()[DIST].distributions
        self.assertEqual((1, ["/usr/local/bin/tool"]), (found.unowned, found.examples))

    def test_files_of_no_distribution_are_strays_by_the_name_they_are_below(self):
        for path in ("/evil.pth", "/mod/__init__.py", "/mod/deep/x.py", "/__pycache__/gone.cpython-311.pyc"):
            self.put(DIST + path)
        strays = self.sites()[DIST].strays
        self.assertEqual(
            [(DIST + "/__pycache__", 1), (DIST + "/evil.pth", 1), (DIST + "/mod", 2)],
            [(stray.path, stray.files) for stray in strays],
        )
        self.assertEqual([DIST + "/mod/__init__.py", DIST + "/mod/deep/x.py"], strays[2].examples)

    def test_top_level_names_claim_what_no_record_does(self):
        self.put(SITE + "/foo-1.egg-info/PKG-INFO", "Name: foo\nVersion: 1\n")
        self.put(SITE + "/foo-1.egg-info/top_level.txt", "foo\n_foo\n../x\n")
        for path in ("/foo/__init__.py", "/_foo.py", "/bar.py"):
            self.put(SITE + path)
        site = self.sites()[SITE]
        self.assertEqual(
            (4, [SITE + "/bar.py"]), (site.distributions[0].files, [each.path for each in site.strays])
        )

    def test_a_link_is_a_file_and_not_followed(self):
        self.put("/opt/foo/x.py")
        self.link(DIST + "/foo", "/opt/foo")
        (stray,) = self.sites()[DIST].strays
        self.assertEqual((DIST + "/foo", 1), (stray.path, stray.files))

    def test_every_global_folder_is_looked_into(self):
        paths = [
            "/usr/lib/python3.11/site-packages",
            "/usr/lib/python2.7/dist-packages",
            "/usr/lib64/python3.9/site-packages",
            "/usr/local/lib/python3.11/site-packages",
            "/usr/local/lib64/python3.9/site-packages",
            DIST,
            SITE,
        ]
        for path in paths:
            self.put(path + "/stray.py")
        sites = self.sites()
        self.assertEqual(sorted(paths), list(sites))
        self.assertEqual({"global"}, {site.kind for site in sites.values()})

    def test_those_of_other_interpreters_and_of_users_are_told_apart(self):
        self.put("/opt/p/bin/python3.9", mode=0o755)
        self.put("/opt/q/bin/python3.8", mode=0o755)
        self.link("/usr/local/bin/python3.8", "/opt/q/bin/python3.8")
        kinds = {
            "/opt/p/lib/python3.9/site-packages": "elsewhere",
            "/opt/q/lib/python3.8/site-packages": "global",
            HOME + "/.local/lib/python3.11/site-packages": "user",
            "/home/zuul/.local/lib/python3.11/site-packages": "user",
        }
        for path in kinds:
            self.put(path + "/stray.py")
        self.assertEqual(kinds, {path: site.kind for path, site in self.sites().items()})

    def test_a_site_that_is_a_link_is_looked_into_once_where_it_leads(self):
        self.put("/opt/shared/stray.py")
        self.link(SITE, "/opt/shared")
        self.link("/usr/local/lib/python3.11/site-packages", "dist-packages")
        self.assertEqual(["/opt/shared"], list(self.sites()))

    def test_a_site_that_cannot_be_read_is_told(self):
        self.link(SITE, "dist-packages")
        self.assertEqual({}, self.sites())
        self.assertEqual(1, len(self.unread))
        self.assertIn(SITE, self.unread[0])

    def test_a_fifo_and_a_file_of_holes_are_files(self):
        self.make_folder(SITE + "/foo-1.dist-info")
        os.mkfifo(self.outside(SITE + "/foo-1.dist-info/METADATA"))
        with open(self.outside(SITE + "/foo-1.dist-info/RECORD"), "wb") as file:
            file.truncate(1 << 40)
        (found,) = self.sites()[SITE].distributions
        self.assertEqual(("foo", "1", 2), (found.name, found.version, found.unowned))
