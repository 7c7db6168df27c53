"""The stand-in for get-pip.py obeys the rules of the real one."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request
import venv

from tests.support.get_pip import get_pip_site, make_get_pip
from tests.support.wheels import make_tool, make_wheel, rebuild_wheel

HERE = sys.version_info[:2]
COMPANIONS = ["setuptools", "wheel"]


class TestGetPip(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        try:
            self.pip = rebuild_wheel("pip", self.folder)
        except LookupError as error:
            self.skipTest(str(error))
        for name in COMPANIONS:
            make_wheel(self.folder, name, "1.0", {name + ".py": "\n"})
        make_tool(self.folder, "some-tool", "1.0")
        self.environment = os.path.join(self.folder, "venv")

    def run_script(self, *arguments, minimum=HERE):
        """Run the script in a fresh environment without pip; returns exit code and output."""
        venv.create(self.environment, symlinks=True, with_pip=False)
        script = os.path.join(self.folder, "get-pip.py")
        with open(script, "w") as file:
            file.write(make_get_pip(self.pip, minimum))
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))
        }
        environ.update(PIP_CONFIG_FILE=os.devnull, HOME=self.folder)
        run = subprocess.run(
            [os.path.join(self.environment, "bin", "python"), script] + list(arguments),
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )
        return run.returncode, run.stdout

    def installed(self):
        lib = os.path.join(self.environment, "lib", "python{}.{}".format(*HERE), "site-packages")
        return sorted(name.split("-")[0] for name in os.listdir(lib) if name.endswith(".dist-info"))

    def test_pip_is_added_to_what_was_asked_for_and_its_companions_below_3_12(self):
        code, output = self.run_script("--no-index", "--find-links", self.folder, "some-tool")
        self.assertEqual(0, code, output)
        expected = ["pip", "some_tool"] + (COMPANIONS if HERE < (3, 12) else [])
        self.assertEqual(sorted(expected), self.installed())
        run = [os.path.join(self.environment, "bin", "python"), "-m", "pip", "--version"]
        self.assertIn(self.environment.encode(), subprocess.check_output(run))

    def test_companions_can_be_refused(self):
        code, output = self.run_script(
            "--no-setuptools", "--no-index", "--find-links", self.folder, "--no-wheel"
        )
        self.assertEqual(0, code, output)
        self.assertEqual(["pip"], self.installed())

    def test_hashes_cannot_be_required(self):
        code, output = self.run_script("--no-index", "--find-links", self.folder, "--require-hashes")
        self.assertNotEqual(0, code)
        self.assertIn("hash", output.lower())
        self.assertEqual([], self.installed())

    def test_an_older_python_is_refused_with_a_sentence(self):
        code, output = self.run_script("--no-index", minimum=(HERE[0], HERE[1] + 1))
        self.assertEqual(1, code)
        self.assertRegex(output, r"^ERROR: .*pip/{}\.{}/get-pip\.py".format(*HERE))
        self.assertEqual([], self.installed())

    def test_the_site_has_a_file_for_older_pythons(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with get_pip_site(self.pip, older=[(3, 9)]) as site:
            with opener.open(site.base_url + "/get-pip.py", timeout=5) as response:
                self.assertEqual(make_get_pip(self.pip).encode(), response.read())
            with opener.open(site.base_url + "/pip/3.9/get-pip.py", timeout=5) as response:
                self.assertEqual(make_get_pip(self.pip, (3, 9)).encode(), response.read())
            self.assertEqual(["/get-pip.py", "/pip/3.9/get-pip.py"], site.paths())
