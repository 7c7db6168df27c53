"""A machine with nothing but python3: one command and the tool is there."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support import roots

from .conftest import CHECKOUT, SUITES

TOOLS = ("tox", "virtualenv", "stestr")


@pytest.mark.parametrize("suite", SUITES)
def test_one_command_makes_a_tool_ready_and_runs_it(node_of, suite):
    node = node_of(roots.minimal(suite))
    for missing in ("pip", "ensurepip"):
        assert node.run(["python3", "-c", "import " + missing], check=False).returncode == 1
    for tool in TOOLS:
        run = node.run(["python3", "/src/testnode-python", "run", tool, "--version"], user="zuul")
        assert tool in run.stdout and "mirror" in run.stderr
        again = node.run(
            ["python3", "/src/testnode-python", "run", tool, "--version"], user="zuul", network=False
        )
        assert again.stderr == "", "a tool that is there is run without a word"


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_pip_is_made_ready_for_root_and_for_all(node_of, suite):
    node = node_of(roots.minimal(suite))
    node.run(["sh", "-c", "umask 077; exec python3 /src/testnode-python ensure pip"])
    for words in (
        ["pip3", "--version"],
        ["python3", "-m", "pip", "--version"],
        ["python3", "-m", "wheel", "--help"],
    ):
        node.run(words, user="zuul")
    owned = node.run(["sh", "-c", "dpkg --verify 2>&1 | grep -v '^..5.* c '"], check=False)
    assert "python" not in owned.stdout, "files of the distribution were changed"
    # The distribution's own pip can come on top, and it still works.
    node.run(["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "python3-pip"])
    node.run(["pip3", "--version"], user="zuul")


def test_pip_without_distutils_is_refused_with_the_cure(node_of):
    node = node_of(roots.minimal("bullseye"))
    run = node.run(["python3", "/src/testnode-python", "ensure", "pip"], check=False)
    assert run.returncode == 1
    assert "distutils" in run.stderr and "apt-get install python3-distutils" in run.stderr
    node.run(["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "python3-distutils"])
    node.run(["python3", "/src/testnode-python", "ensure", "pip"])
    node.run(["pip3", "--version"], user="zuul")


@pytest.mark.parametrize("suite", ["bookworm"])
def test_the_one_file_tool_needs_no_checkout(node_of, tmp_path, suite):
    subprocess.run(
        [sys.executable, str(CHECKOUT / "tools" / "make_zipapp.py"), str(tmp_path / "t.pyz")], check=True
    )
    node = node_of(roots.minimal(suite))
    shutil.copy(str(tmp_path / "t.pyz"), node.path + "/usr/local/bin/testnode-python")
    os.chmod(node.path + "/usr/local/bin/testnode-python", 0o755)
    run = node.run(["testnode-python", "run", "virtualenv", "--version"], user="zuul")
    assert "virtualenv" in run.stdout and "mirror" in run.stderr
    missing = node.run(["testnode-python", "find", "no-such-tool"], user="zuul", check=False)
    assert missing.returncode == 1, "the exit code of the one-file tool is that of the command line"
    refused = node.run(["testnode-python", "precache", "build"], user="zuul", check=False)
    assert refused.returncode == 1 and "checkout" in refused.stderr
