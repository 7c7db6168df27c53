"""The report as a whole: what the gate lets pass, what people and programs read."""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
from unittest import mock

from testnode_python import cli, receipts
from testnode_python.audit import report, text
from testnode_python.errors import Error, UsageError

from tests.support.environments import receipt
from tests.support.systems import DIST, SITE, US, SystemCase

LAUNCHER = str(pathlib.Path(__file__).resolve().parents[2] / "testnode-python")
KEYS = {
    *("format", "root", "clean", "package_managers", "owners_are_known", "interpreters", "environments"),
    *("sites", "commands", "holds", "pins", "precache", "unmanaged", "unread", "notes", "searched"),
}
CLEAN = """\
The global Python is clean: dpkg owns all of it.

interpreters
  binary               series  externally managed  owner               other names
  /usr/bin/python3.11  3.11    yes                 python3.11-minimal  /usr/bin/python3

site-packages: none
distributions for all and of users: none
commands on the standard PATH: none
environments: none
package holds and pins: none
precache: none"""
# A terminal would obey the first, a reader of lines be misled by the second.
EVIL = os.fsdecode(b"\x1b[2Jevil\nclean\xff\xe2\x80\xae.pth")


class GateTest(SystemCase):
    """It passes only where all of the global Python is known to be owned."""

    def refusal(self):
        """Return what the gate says, "" where it passes."""
        try:
            report.refuse_unmanaged(self.audit())
        except Error as error:
            return str(error)
        return ""

    def test_a_clean_system_passes(self):
        self.package("python3-six", *self.distribution(DIST, "six", "1.16", "six.py"))
        self.assertEqual(("", []), (self.refusal(), self.unmanaged()))

    def test_distributions_files_and_commands_without_an_owner_are_named(self):
        self.distribution(SITE, "pip", "26.0", "pip/__init__.py")
        self.put(SITE + "/evil.pth")
        self.put("/usr/local/bin/pip3", mode=0o755)
        named = [
            ("distribution", "pip 26.0", SITE + "/pip-26.0.dist-info"),
            ("file", "evil.pth", SITE + "/evil.pth"),
            ("command", "pip3", "/usr/local/bin/pip3"),
        ]
        self.assertEqual(named, self.unmanaged())
        refusal = self.refusal()
        self.assertIn("no package owns these 3:", refusal)
        for kind, name, path in named:
            self.assertRegex(refusal, "(?m)^  {} +{}  {}$".format(kind, name, path))

    def test_of_a_package_s_distribution_the_file_is_named_that_is_not_its(self):
        paths = self.distribution(DIST, "six", "1.16", "six.py", "new.py")
        self.package("python3-six", *[path for path in paths if not path.endswith("new.py")])
        self.assertEqual([("distribution", "six 1.16", DIST + "/new.py")], self.unmanaged())

    def test_what_is_no_global_python_passes(self):
        self.put("/opt/p/bin/python3.9", mode=0o755)
        for site in ("/opt/p/lib/python3.9/site-packages", "/home/zuul/.local/lib/python3.11/site-packages"):
            self.distribution(site, "pip", "26.0", "pip/__init__.py")
        self.environment("/usr/tox-env")
        self.distribution("/usr/tox-env/lib/python3.11/site-packages", "tox", "4", "tox/__init__.py")
        self.assertEqual("", self.refusal())

    def test_a_system_whose_owners_are_unknown_does_not_pass(self):
        os.unlink(self.outside("/var/lib/dpkg/status"))
        self.distribution(SITE, "pip", "26.0")
        self.assertEqual([], self.unmanaged())
        self.assertIn("cannot be said: there is no package database", self.refusal())

    def test_an_rpm_database_that_cannot_be_read_does_not_pass(self):
        os.unlink(self.outside("/var/lib/dpkg/status"))
        self.put("/var/lib/rpm/rpmdb.sqlite")
        with mock.patch.dict(os.environ, PATH=self.outside("/nowhere")):
            made, refusal = self.audit(), self.refusal()
        self.assertIn("rpm database cannot be read here", refusal)
        self.assertFalse(made.owners_are_known)
        self.assertIn("CANNOT BE SAID", text.of(made))
        self.assertRegex(text.of(made), r"(?m)^  /usr/bin/python3.11 .* unknown ")

    def test_a_part_that_cannot_be_read_does_not_pass(self):
        self.link(SITE, "dist-packages")
        self.assertIn("cannot be said: " + SITE, self.refusal())
        self.assertFalse(self.audit().as_dict()["clean"])

    def test_a_folder_for_users_that_cannot_be_read_is_only_noted(self):
        self.link("/root", "root")
        made = self.audit()
        self.assertEqual("", self.refusal())
        self.assertTrue(made.as_dict()["clean"])
        self.assertIn("\ncould not be searched\n  /root", text.of(made))

    def test_traps_wherever_something_is_read_neither_hang_it_nor_let_it_pass(self):
        traps = [
            *("/var/lib/dpkg/diversions", "/var/lib/dpkg/info/trap.list", "/etc/apt/preferences"),
            *("/opt/cache/testnode-python/current/manifest.json", "/opt/trap/pyvenv.cfg"),
            *("/opt/trap/testnode-python.json", "/usr/bin/python3.8", "/usr/local/bin/pip"),
            *(SITE + "/trap-1.dist-info/" + name for name in ("METADATA", "RECORD", "top_level.txt")),
            *(SITE + "/trap-1.egg-info", SITE + "/trap.egg", "/usr/lib/python3.11/EXTERNALLY-MANAGED"),
        ]
        for lay in (os.mkfifo, self.circle, self.huge):
            for path in traps:
                self.make_folder(os.path.dirname(path))
                if os.path.lexists(self.outside(path)):
                    os.unlink(self.outside(path))
                lay(self.outside(path))
            with self.subTest(lay.__name__):
                made = self.audit()
                self.assertTrue(made.as_json() and text.of(made))
                self.assertIn("cannot be said: /var/lib/dpkg/diversions ", self.refusal())

    def circle(self, path):
        os.symlink(os.path.basename(path), path)

    def huge(self, path):
        with open(path, "wb") as file:
            file.truncate(1 << 40)

    def test_a_long_list_is_cut(self):
        for number in range(103):
            self.put("{}/{:03}.pth".format(SITE, number))
        refusal = self.refusal()
        self.assertIn("these 103:", refusal)
        self.assertIn("\n  and 3 more\n", refusal)

    def test_what_is_no_folder_is_wrong_usage(self):
        with self.assertRaisesRegex(UsageError, "is no folder"):
            report.make(self.outside("/nowhere"))


class TextTest(SystemCase):
    """Tables, short where there is nothing to tell."""

    def test_a_clean_system_is_told_in_few_lines(self):
        self.assertEqual(CLEAN, text.of(self.audit()))

    def test_everything_that_is_there_is_told(self):
        tree = "/usr/local/lib/testnode-python/tox-env-0123abcd-89abcdef"
        self.environment(tree)
        self.put(tree + "/bin/tox", mode=0o755)
        receipts.write(self.outside(tree), receipt(tool="tox", version="4.1"))
        self.link("/usr/local/bin/tox", tree + "/bin/tox")
        self.environment("/usr/glean")
        self.environment("/opt/own")
        receipts.write(self.outside("/opt/own"), receipt())
        self.package("python3-pip", "/usr/bin/pip3", status="hold ok installed", version="23.0.1")
        self.put("/usr/bin/pip3", mode=0o755)
        self.put("/usr/local/bin/uv", mode=0o755)
        self.link("/usr/local/bin/nox", "/gone")
        self.put("/etc/apt/preferences", "Package: *\nPin: x\n")
        self.put("/opt/cache/testnode-python/current/manifest.json", "{}")
        self.distribution(SITE, "pip", "26.0")
        self.put("/opt/p/bin/python3.9", mode=0o755)
        self.distribution("/opt/p/lib/python3.9/site-packages", "elsewhere", "1.0")
        shown = text.of(self.audit())
        for line in (
            r"  distribution  pip 26\.0  2      /usr/local/lib/python3\.11/dist-packages/pip-26.*",
            r"  /opt/p/lib/python3\.9/site-packages       elsewhere  1              2      2",
            r"  pip   26\.0     nobody  2      2                 /usr/local/lib/.*",
            r"  /usr/bin/pip3       package python3-pip  +-",
            r"  /usr/local/bin/nox  nowhere  +-",
            r"  /usr/local/bin/tox  an environment of root's +" + tree + "/bin/tox",
            r"  /usr/local/bin/uv   nobody  +-",
            r"  /usr/glean .* not ours +- +- +- +3\.11\.2  [0-9]+",
            r"  {} \(swapped out\)  tox +4\.1 +2026-11-01  precache  3\.11\.2  [0-9]+".format(tree),
            r"  /opt/own  +hello  +1\.0 .*",
            r"  python3-pip  23\.0\.1   held",
            r"  \*            -        /etc/apt/preferences",
            r"  at fault  .*has format None.*",
        ):
            with self.subTest(line):
                self.assertRegex(shown, "(?m)^{}$".format(line))
        self.assertNotIn("elsewhere  1.0", shown)
        self.assertNotIn(" \n", shown + "\n")

    def test_many_rows_are_cut_and_long_cells_too(self):
        lines = text.table(["a", "b"], [["x" * 300, "y"]] * 103)
        self.assertEqual(102, len(lines))
        self.assertEqual("  and 3 more (--json has all)", lines[-1])
        self.assertEqual("  " + "x" * 157 + "...  y", lines[1])

    def test_nothing_that_a_terminal_obeys_is_printed(self):
        self.assertEqual(r"\x1b[2Jevil\nclean\xff\u202e.pth", text.printable(EVIL))
        self.assertEqual("é", text.printable("é"))


class JsonTest(SystemCase):
    """One document whose keys stay."""

    def test_the_keys_are_those_that_are_documented(self):
        self.distribution(SITE, "pip", "26.0")
        self.put(SITE + "/evil.pth")
        self.put("/usr/local/bin/pip3", mode=0o755)
        self.environment("/usr/glean")
        data = json.loads(self.audit().as_json())
        self.assertEqual(KEYS, set(data))
        self.assertEqual(
            (1, self.folder, False, ["dpkg"], True),
            tuple(data[key] for key in ("format", "root", "clean", "package_managers", "owners_are_known")),
        )
        (site,) = data["sites"]
        self.assertEqual({"path", "kind", "files", "unowned", "distributions", "strays"}, set(site))
        self.assertEqual(
            {"name", "version", "path", "package", "owner", "files", "unowned", "examples"},
            set(site["distributions"][0]),
        )
        self.assertEqual({"path", "files", "examples"}, set(site["strays"][0]))
        self.assertEqual({"kind", "name", "path", "files"}, set(data["unmanaged"][0]))
        self.assertEqual(
            {"path", "target", "leads_to", "owner", "environment", "fault"}, set(data["commands"][0])
        )
        self.assertEqual(
            {"path", "names", "ours", "receipt", "fault", "version", "home", "uid", "shared_fault"},
            set(data["environments"][0]),
        )

    def test_a_receipt_is_told_as_it_is(self):
        self.environment("/usr/tox-env")
        receipts.write(self.outside("/usr/tox-env"), receipt(tool="tox"))
        (found,) = self.audit().as_dict()["environments"]
        self.assertEqual(
            (True, "tox", "hello"),
            (found["ours"], found["receipt"]["tool"], found["receipt"]["packages"][0]["name"]),
        )

    def test_every_reader_takes_it_whatever_the_names_are(self):
        self.put(SITE + "/" + EVIL)
        document = self.audit().as_json()
        self.assertTrue(all(" " <= character <= "~" or character == "\n" for character in document))
        name = json.loads(document)["unmanaged"][0]["name"]
        self.assertEqual("\x1b[2Jevil\nclean\\xff\u202e.pth", name)
        name.encode("utf-8")


class WordsTest(SystemCase):
    """The words of the command line, and exit codes."""

    def call(self, *argv):
        output, errors = io.StringIO(), io.StringIO()
        real = report.make
        with mock.patch.object(report, "make", lambda path: real(path, US)):
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
                try:
                    status = cli.main(["audit"] + list(argv))
                except SystemExit as ending:
                    status = ending.code or 0
        return status, output.getvalue(), errors.getvalue()

    def start(self, *argv, **variables):
        """Call the launcher; return exit code, standard output and standard error as bytes."""
        process = subprocess.Popen(
            [sys.executable, "-W", "error", LAUNCHER, "audit", "--root", self.folder] + list(argv),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict({"PATH": os.defpath}, **variables),
        )
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def test_a_report_is_no_judgement(self):
        self.put(SITE + "/evil.pth")
        status, output, errors = self.call("--root", self.folder)
        self.assertEqual((0, ""), (status, errors))
        self.assertTrue(output.startswith("The global Python is NOT clean"))

    def test_the_gate_ends_with_1_and_a_list_after_the_report(self):
        self.put(SITE + "/evil.pth")
        for options in ([], ["--json"]):
            with self.subTest(options):
                status, output, errors = self.call("--root", self.folder, "--fail-on", "unmanaged", *options)
                self.assertEqual(1, status)
                self.assertIn(SITE + "/evil.pth", output)
                self.assertIn("file          evil.pth  {}/evil.pth\n".format(SITE), errors)

    def test_a_clean_system_ends_with_0(self):
        self.assertEqual((0, CLEAN + "\n", ""), self.call("--root", self.folder, "--fail-on", "unmanaged"))

    def test_what_makes_no_sense_ends_with_2(self):
        for argv in (
            ["--fail-on", "other"],
            ["--root", self.outside("/no")],
            ["--root", ""],
            ["words"],
            ["--roo", "/"],
        ):
            with self.subTest(argv):
                status, output, errors = self.call(*argv)
                self.assertEqual((2, ""), (status, output))
                self.assertTrue(errors.startswith("testnode-python: "))

    def test_the_help_has_examples_codes_and_places(self):
        status, output, _ = self.call("--help")
        self.assertEqual(0, status)
        for words_of_it in ("--root /mnt/image --fail-on unmanaged", "exit codes: 0 done, 1 ", "/usr/*-env"):
            self.assertIn(words_of_it, output)

    def test_hostile_names_harm_no_output_in_any_locale(self):
        self.put(SITE + "/" + EVIL)
        self.put("/home/\u00e9\n/.venv/pyvenv.cfg", "version = \x1b[1m\n")
        for variables in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}, {"PYTHONIOENCODING": "ascii"}):
            with self.subTest(variables):
                status, output, errors = self.start("--fail-on", "unmanaged", **variables)
                self.assertEqual(1, status, errors)
                self.assertIn(rb"\x1b[2Jevil\nclean\xff", output)
                self.assertIn(rb"\x1b[2Jevil\nclean\xff", errors)
                self.assertNotIn(b"\x1b", output + errors)

    def test_nothing_is_written_and_nothing_of_the_system_is_run(self):
        ran = self.outside("/ran")
        for path in ("/usr/bin/python3.11", "/usr/bin/pip3", "/usr/bin/dpkg", "/usr/bin/rpm"):
            self.put(path, "#!/bin/sh\ntouch {}\n".format(ran), mode=0o755)
        before = self.files()
        status, _, _ = self.start(PATH=os.defpath)
        self.assertEqual((0, before), (status, self.files()))

    def files(self):
        return sorted(
            (os.path.join(folder, name), os.lstat(os.path.join(folder, name)).st_mtime)
            for folder, folders, names in os.walk(self.folder)
            for name in folders + names
        )
