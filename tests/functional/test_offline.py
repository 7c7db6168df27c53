"""From the precache with no network at all: every tool on every CPython at hand, really used."""

import json
import os
import pathlib
import subprocess

import pytest

from tests.support import roots
from tools.every_python import candidates, interpreters

from .conftest import CHECKOUT, SUITES

TOOLS = ("virtualenv", "tox", "stestr", "bindep", "os-testr", "pip")
PYTHONS = dict(interpreters(candidates(os.environ)))

SETUP = 'from setuptools import setup\n\nsetup(name="small", version="1", py_modules=["small"])\n'
TOX = """\
[tox]
skipsdist = true
[testenv]
skip_install = true
commands = python -c "print('ran in tox')"
"""
TEST = """\
import unittest


class SmallTest(unittest.TestCase):
    def test_it(self):
        self.assertEqual(1, 1)
"""


def write_project(folder):
    """Write a small project, the kind of thing that jobs run these tools on."""
    (folder / "tests").mkdir(parents=True)
    for name, text in {
        "setup.py": SETUP,
        "small.py": "X = 1\n",
        "tox.ini": TOX,
        ".stestr.conf": "[DEFAULT]\ntest_path=./tests\n",
        "bindep.txt": "no-such-package-of-any-distribution\n",
        "tests/__init__.py": "",
        "tests/test_small.py": TEST,
    }.items():
        (folder / name).write_text(text)


def use_everything(run, python, executables, project):
    """Use each tool for what it is there for; ``run(argv, cwd=None)`` returns (code, output)."""

    def works(*argv):
        code, output = run(list(argv), project)
        assert code == 0, output
        return output

    works(executables["virtualenv"], "made")
    assert "made" in works(project + "/made/bin/python", "-c", "import sys; print(sys.prefix)")
    works(executables["tox"], "-e", "py")
    assert "Passed: 1" in works(executables["stestr"], "run")
    code, output = run([executables["bindep"], "-b"], project)
    assert (code, output.split()) == (1, ["no-such-package-of-any-distribution"])
    assert "usage" in works(executables["os-testr"], "--help")
    works(executables["pip"], "--version")
    works(python, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "wheels", ".")
    works(
        python,
        "-c",
        "import os; assert os.listdir('wheels') == ['small-1-py3-none-any.whl'], os.listdir('wheels')",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="cutting the network needs root")
@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_every_tool_works_on_every_python_without_network(precache, tmp_path, version):
    python = PYTHONS[version]
    environ = {"HOME": str(tmp_path), "PATH": os.path.dirname(python) + ":/usr/bin:/bin"}

    def run(argv, cwd="/"):
        argv = ["unshare", "--net", "--"] + argv
        done = subprocess.run(argv, cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout.decode()

    executables = {}
    for tool in TOOLS:
        options = ["--python", python, "--precache", str(precache), "--scope", "user", "--json"]
        code, output = run(
            [python, str(CHECKOUT / "testnode-python"), "ensure", tool, "--sources", "precache"] + options
        )
        assert code == 0, output
        outcome = json.loads(output)
        assert outcome["source"] == "precache" and outcome["locked"]
        executables[tool] = outcome["executable"]
    write_project(tmp_path / "project")
    use_everything(run, python, executables, str(tmp_path / "project"))


@pytest.mark.parametrize("suite", SUITES)
def test_a_node_with_a_precache_needs_no_network(precache, node_of, suite):
    node = node_of(roots.bare(suite), precache)
    # Root's pip first, as a base job does; then all that a job wants, as its user.
    node.run(["python3", "/src/testnode-python", "ensure", "pip"], network=False)
    executables = {}
    for tool in TOOLS:
        run = node.run(
            ["python3", "/src/testnode-python", "ensure", tool, "--json"], user="zuul", network=False
        )
        outcome = json.loads(run.stdout)
        assert outcome["source"] == ("system" if tool == "pip" else "precache")
        executables[tool] = outcome["executable"]
    project = pathlib.Path(node.path + "/home/zuul/project")
    write_project(project)
    node.run(["chown", "-R", "zuul", "/home/zuul/project"])

    def run_there(argv, cwd):
        done = node.run(argv, user="zuul", network=False, cwd=cwd, check=False)
        return done.returncode, done.stdout + done.stderr

    use_everything(run_there, "/usr/bin/python3", executables, "/home/zuul/project")


@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_get_pip_from_the_precache_works_by_itself(precache, tmp_path, version):
    python = PYTHONS[version]
    place = tmp_path / "venv"
    subprocess.run([python, "-m", "venv", "--without-pip", str(place)], check=True)
    own = str(place / "bin" / "python")
    argv = [
        own,
        str(CHECKOUT / "testnode-python"),
        "ensure",
        "pip",
        "--python",
        own,
        "--precache",
        str(precache),
    ]
    argv += ["--sources", "system,precache", "--get-pip", "precache", "--json"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    outcome = json.loads(done.stdout.decode())
    assert done.returncode == 0 and outcome["source"] == "precache"
    assert outcome["executable"] == str(place / "bin" / "pip3")
