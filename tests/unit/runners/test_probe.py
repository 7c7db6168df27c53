"""The probe's parts, in this process; as a whole it is in test_interpreters."""

import importlib.machinery
import os
import shutil
import sys
import sysconfig
import types

from testnode_python import interpreters
from testnode_python.commands import Deadline
from testnode_python.runners import probe

from tests.support.nodes import InAFolder, clean_environ

NAME = "quitenew"


class InstalledTest(InAFolder):
    """What counts as installed."""

    def setUp(self):
        super().setUp()
        sys.path.insert(0, self.folder)
        self.addCleanup(sys.path.remove, self.folder)
        self.addCleanup(sys.path_importer_cache.pop, self.folder, None)

    def test_nothing_of_that_name_is_not(self):
        self.assertIsNone(probe.installed(NAME))

    def test_the_metadata_beside_it_gives_the_version(self):
        for metadata, version in (
            ("quitenew-1.2.dist-info/INSTALLER", "1.2"),
            ("quitenew-1.2.dist-info/RECORD", "1.2"),
            ("Quitenew-1.3rc1.dist-info/RECORD", "1.3rc1"),
            # As Debian ships them.
            ("quitenew-65.5.0-py3.11.egg-info/PKG-INFO", "65.5.0"),
            ("quitenew-65.5.0.egg-info", "65.5.0"),
        ):
            self.write(NAME + "/__init__.py", "raise SystemExit('imported')")
            self.write(metadata, "" if metadata.endswith("INSTALLER") else "x,,\n")
            with self.subTest(metadata):
                self.assertEqual(
                    {
                        "version": version,
                        "folder": self.folder,
                        "metadata": os.path.join(self.folder, metadata.split("/")[0]),
                    },
                    probe.installed(NAME),
                )
            path = os.path.join(self.folder, metadata.split("/")[0])
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    def test_what_a_killed_pip_left_is_not_whole(self):
        self.write(NAME + "/__init__.py", "")
        self.assertIsNone(probe.installed(NAME))
        self.write("quitenew-1.2.dist-info/METADATA", "")
        self.assertIsNone(probe.installed(NAME))

    def test_metadata_without_the_package_is_not_whole_either(self):
        self.write("quitenew-1.2.dist-info/RECORD", "")
        self.assertIsNone(probe.installed(NAME))

    def test_metadata_of_another_distribution_does_not_count(self):
        self.write(NAME + "/__init__.py", "")
        self.write("quitenew_more-1.2.dist-info/RECORD", "")
        self.assertIsNone(probe.installed(NAME))

    def test_a_folder_that_only_looks_like_a_package_does_not_count(self):
        os.mkdir(os.path.join(self.folder, NAME))
        self.write("quitenew-1.2.dist-info/RECORD", "")
        self.assertIsNone(probe.installed(NAME))

    def test_a_package_in_a_zip_file_has_no_metadata_that_is_read(self):
        # Its folder cannot be listed.
        sys.modules[NAME] = types.ModuleType(NAME)
        self.addCleanup(sys.modules.pop, NAME)
        sys.modules[NAME].__spec__ = importlib.machinery.ModuleSpec(
            NAME, None, origin="/nonexistent/file.zip/quitenew/__init__.py"
        )
        self.assertIsNone(probe.installed(NAME))


class SpecOfTest(InAFolder):
    """Looking without importing."""

    def test_what_cannot_even_be_looked_for_is_not_there(self):
        self.assertIsNone(probe.spec_of("no.such.parent"))
        sys.modules[NAME] = object()
        self.addCleanup(sys.modules.pop, NAME)
        self.assertIsNone(probe.spec_of(NAME))

    def test_what_is_there_is_found(self):
        self.assertEqual("json", probe.spec_of("json").name)


class PipCommandTest(InAFolder):
    """The pip3 that belongs to a pip."""

    def setUp(self):
        super().setUp()
        self.record = self.write("lib/site/pip-1.dist-info/RECORD", "pip/__init__.py,,\n../../bin/pip3,,\n")
        self.pip = {
            "version": "1",
            "folder": self.folder + "/lib/site",
            "metadata": self.folder + "/lib/site/pip-1.dist-info",
        }
        self.other = self.folder + "/other"

    def test_without_pip_there_is_none(self):
        self.script("other/pip3")
        self.assertEqual("", probe.pip_command(None, [self.other]))

    def test_the_one_that_its_record_names_comes_first(self):
        self.script("other/pip3")
        own = self.script("bin/pip3")
        self.assertEqual(own, probe.pip_command(self.pip, [self.other]))

    def test_where_the_record_is_gone_the_usual_places_count(self):
        os.unlink(self.record)
        self.script("bin/pip3")
        other = self.script("other/pip3")
        self.assertEqual(other, probe.pip_command(self.pip, [self.folder + "/absent", self.other]))

    def test_one_that_cannot_be_run_is_none(self):
        self.write("bin/pip3", "", 0o644)
        self.write("other/pip3", "", 0o644)
        self.assertEqual("", probe.pip_command(self.pip, [self.other]))


class BundledPipTest(InAFolder):
    """The wheel that ensurepip would install."""

    def setUp(self):
        super().setUp()
        variables = sysconfig.get_config_vars()
        self.addCleanup(variables.__setitem__, "WHEEL_PKG_DIR", variables.get("WHEEL_PKG_DIR"))
        variables["WHEEL_PKG_DIR"] = self.folder

    def test_the_distributions_folder_of_wheels_comes_first(self):
        self.write("setuptools-1-py3-none-any.whl", "")
        self.write("pip-1.txt", "")
        wheel = self.write("pip-1-py3-none-any.whl", "")
        self.assertEqual(wheel, probe.bundled_pip())

    def test_without_one_there_the_usual_places_are_looked_at(self):
        found = probe.bundled_pip()
        self.assertFalse(found.startswith(self.folder))
        self.assertTrue(found == "" or (os.path.isfile(found) and os.path.basename(found).startswith("pip-")))

    def test_without_any_it_says_so(self):
        for name in ("ensurepip", "ensurepip.__main__"):
            self.addCleanup(sys.modules.pop, name, None)
        sys.modules["ensurepip"] = None
        if not os.path.isdir("/usr/share/python-wheels"):
            self.assertEqual("", probe.bundled_pip())
        self.assertFalse(probe.facts()["ensurepip"])


class FactsTest(InAFolder):
    """The answer as a whole."""

    def test_it_is_what_an_interpreter_is_made_of(self):
        facts = probe.facts()
        self.assertEqual(set(interpreters.Interpreter._fields), set(facts))
        self.assertEqual(set(interpreters.Platform._fields), set(facts["platform"]))

    def test_asked_from_outside_it_is_the_same_python(self):
        found = interpreters.examine(sys.executable, Deadline(60), clean_environ(self.folder))
        facts = probe.facts()
        for name in ("prefix", "venv", "ensurepip", "bundled_pip"):
            with self.subTest(name):
                self.assertEqual(getattr(found, name), facts[name])
        platform = facts["platform"]
        self.assertEqual(dict(found.platform._asdict(), libc=None), dict(platform, libc=None))
        self.assertEqual(found.platform.libc, (platform["libc"][0], tuple(platform["libc"][1])))

    def test_a_thirty_two_bit_python_is_one_whatever_the_kernel(self):
        self.addCleanup(setattr, sys, "maxsize", sys.maxsize)
        self.addCleanup(setattr, sysconfig, "get_platform", sysconfig.get_platform)
        for platform, size, machine in (
            ("linux-x86_64", 2**63 - 1, "x86_64"),
            ("linux-x86_64", 2**31 - 1, "i686"),
            ("linux-aarch64", 2**31 - 1, "armv7l"),
            ("linux-ppc64le", 2**63 - 1, "ppc64le"),
        ):
            sys.maxsize = size
            sysconfig.get_platform = lambda platform=platform: platform
            with self.subTest(machine):
                self.assertEqual(machine, probe.machine())

    def test_another_c_library_has_no_name(self):
        self.addCleanup(setattr, os, "confstr", os.confstr)
        for words in ("", "musl", "a b", None):
            os.confstr = lambda name, words=words: words
            with self.subTest(words):
                self.assertEqual(["", [0, 0]], probe.libc())
