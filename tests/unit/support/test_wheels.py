"""The wheels that tests make are real ones."""

import base64
import csv
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

from tests.support.wheels import make_tool, make_wheel, rebuild_wheel


class _InAFolder(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def assert_record_is_true(self, path):
        with zipfile.ZipFile(path) as wheel:
            record = [name for name in wheel.namelist() if name.endswith(".dist-info/RECORD")][0]
            rows = list(csv.reader(wheel.read(record).decode().splitlines()))
            self.assertEqual(wheel.namelist(), [row[0] for row in rows])
            for name, digest, size in rows[:-1]:
                content = wheel.read(name)
                expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                self.assertEqual(["sha256=" + expected, str(len(content))], [digest, size])
        self.assertEqual([record, "", ""], rows[-1])


class TestMadeWheels(_InAFolder):
    def test_metadata_holds_what_was_asked_for(self):
        path = make_wheel(
            self.folder,
            "Some-Name",
            "1.2",
            {"some.py": "X = 1\n"},
            console_scripts={"some": "some:main"},
            requires=["other>=1"],
            requires_python=">=3.6",
        )
        self.assertEqual("Some_Name-1.2-py3-none-any.whl", os.path.basename(path))
        with zipfile.ZipFile(path) as wheel:
            info = "Some_Name-1.2.dist-info/"
            self.assertEqual(b"X = 1\n", wheel.read("some.py"))
            self.assertEqual(
                ["Metadata-Version: 2.1", "Name: Some-Name", "Version: 1.2"]
                + ["Requires-Python: >=3.6", "Requires-Dist: other>=1"],
                wheel.read(info + "METADATA").decode().splitlines(),
            )
            self.assertEqual(b"[console_scripts]\nsome = some:main\n", wheel.read(info + "entry_points.txt"))
        self.assert_record_is_true(path)

    def test_the_same_arguments_give_the_same_bytes(self):
        contents = []
        for name in ("one", "two"):
            os.mkdir(os.path.join(self.folder, name))
            with open(make_tool(os.path.join(self.folder, name), "tool", "1"), "rb") as wheel:
                contents.append(wheel.read())
        self.assertEqual(contents[0], contents[1])
        self.assertEqual(["tool-1-py3-none-any.whl"], os.listdir(os.path.join(self.folder, "one")))

    def test_a_tool_answers_with_its_version(self):
        path = make_tool(self.folder, "some-tool", "3.4")
        run = [sys.executable, "-c", "import some_tool; some_tool.main()"]
        answer = subprocess.check_output(run, env=dict(os.environ, PYTHONPATH=path))
        self.assertEqual(b"some-tool 3.4", answer.strip())


class TestRebuiltWheels(_InAFolder):
    def setUp(self):
        super().setUp()
        try:
            self.pip = rebuild_wheel("pip", self.folder)
        except LookupError as error:
            self.skipTest(str(error))

    def test_pip_runs_from_its_wheel(self):
        run = [sys.executable, "-I", os.path.join(self.pip, "pip"), "--version"]
        answer = subprocess.check_output(run).decode().split()
        self.assertEqual(["pip", os.path.basename(self.pip).split("-")[1]], answer[:2])

    def test_the_record_is_true_and_nothing_of_the_installer_is_left(self):
        self.assert_record_is_true(self.pip)
        with zipfile.ZipFile(self.pip) as wheel:
            names = wheel.namelist()
        self.assertIn("pip/__main__.py", names)
        self.assertEqual([], [name for name in names if name.endswith((".pyc", "INSTALLER", "REQUESTED"))])
        self.assertEqual([], [name for name in names if name.startswith(("..", "/"))])

    def test_it_installs_a_wheel_and_itself(self):
        tool = make_tool(self.folder, "some-tool", "1.0")
        target = os.path.join(self.folder, "target")
        command = [sys.executable, "-I", os.path.join(self.pip, "pip"), "--isolated", "--quiet", "install"]
        command += [
            "--no-index",
            "--no-deps",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "--target",
            target,
        ]
        subprocess.check_output(command + [tool, self.pip], stderr=subprocess.STDOUT)
        self.assertTrue(os.path.exists(os.path.join(target, "some_tool.py")))
        self.assertTrue(os.path.exists(os.path.join(target, "pip", "__main__.py")))

    def test_what_is_not_installed_is_named(self):
        with self.assertRaisesRegex(LookupError, "no-such-distribution is not installed"):
            rebuild_wheel("no-such-distribution", self.folder)


# The API, because 0.4.0 (Python 3.6) has no ``python -m installer``.
INSTALL = """
import sys
wheel, tool, target = sys.argv[1:]
sys.path.insert(0, wheel)
import installer
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile
places = {name: target + "/" + name for name in ("purelib", "platlib", "scripts", "headers", "data")}
with WheelFile.open(tool) as source:
    destination = SchemeDictionaryDestination(places, sys.executable, "posix")
    installer.install(source, destination, additional_metadata={})
print(installer.__file__)
"""


class TestRebuiltInstaller(_InAFolder):
    def test_installer_runs_from_its_wheel_and_installs_a_wheel(self):
        try:
            installer = rebuild_wheel("installer", self.folder)
        except LookupError as error:
            self.skipTest(str(error))
        self.assert_record_is_true(installer)
        tool = make_tool(self.folder, "some-tool", "1.0")
        target = os.path.join(self.folder, "target")
        answer = subprocess.check_output([sys.executable, "-c", INSTALL, installer, tool, target])
        self.assertTrue(answer.decode().startswith(installer), answer)
        run = [os.path.join(target, "scripts", "some-tool"), "--version"]
        environ = dict(os.environ, PYTHONPATH=os.path.join(target, "purelib"))
        self.assertEqual(b"some-tool 1.0", subprocess.check_output(run, env=environ).strip())
