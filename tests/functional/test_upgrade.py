"""A node upgraded in place: another lock while a job runs, and the roll-back."""

import os
import re
import shutil
import subprocess
import time

import pytest

from tests.support import roots

from .conftest import CHECKOUT, build

TARGET = "cp311-linux_x86_64"
TOOLS = ("tox", "pip", "installer")
CACHE = "/opt/cache/testnode-python"
# It waits in the middle of a run, and all that tox loads after that is of the tree that it came from.
TOX = """\
[tox]
skipsdist = true
[testenv]
skip_install = true
commands =
    python -c "open('waiting', 'w').close()"
    python -c "import os, time; [time.sleep(0.05) for _ in range(1200) if not os.path.exists('go')]"
    python -c "print('ran to its end')"
"""


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """A precache with a tox of last year, locked by the command line."""
    folder = tmp_path_factory.mktemp("older")
    os.chmod(folder, 0o755)
    text = (CHECKOUT / "toolset.toml").read_text()
    toolset = folder / "toolset.toml"
    toolset.write_text(text.replace("[tools.tox]\n", '[tools.tox]\nrequirements = ["tox<4.24"]\n'))
    options = ["--toolset", str(toolset), "--locks", str(folder / "locks"), "--target", TARGET]
    options += [word for tool in TOOLS for word in ("--tool", tool)]
    argv = [str(CHECKOUT / "testnode-python"), "precache", "lock", *options]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return build(folder / "precaches", "--no-get-pip", *options)[1]


@pytest.fixture
def node(node_of, precache, older):
    """A node with both precaches, the older one current."""
    made = node_of(roots.bare("bookworm"), precache)
    shutil.copytree(older, made.path + os.path.join(CACHE, os.path.basename(older)))
    use(made, older)
    return made


def use(node, precache):
    """Let the link lead to one of the precaches, and bring the venv to its lock; return tox's version."""
    node.run(["ln", "-sfn", os.path.basename(str(precache)), CACHE + "/current"])
    install = ["venvs", "install", "tox", "--link-dir", "/usr/local/bin", "--sources", "precache"]
    told = node.run(["python3", "/src/testnode-python", *install], network=False).stdout
    version = re.match(r"/usr/tox-env  tox (\S+), ", told).group(1)
    assert version_of(node) == version
    return version


def version_of(node):
    """Return the version that tox tells a user of the node."""
    return re.search(r"^([0-9.]+) from ", node.run(["tox", "--version"], user="zuul").stdout, re.M).group(1)


def test_a_job_goes_on_by_the_old_one_and_the_old_lock_brings_it_back(node, precache, older):
    old = version_of(node)
    assert re.fullmatch(r"4\.(1\d|2[0-3])\.\d+", old)
    node.write("/home/zuul/tox.ini", TOX)
    argv = node.command(["tox", "-e", "py"], user="zuul", network=False)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as job:
        deadline = time.monotonic() + 60
        while not os.path.exists(node.path + "/home/zuul/waiting"):
            assert job.poll() is None and time.monotonic() < deadline, "the job never came to its middle"
            time.sleep(0.05)
        new = use(node, precache)
        assert new != old
        assert job.poll() is None, "it still runs"
        node.write("/home/zuul/go", "")
        output = job.communicate(timeout=60)[0]
    assert job.returncode == 0 and "ran to its end" in output, output
    assert use(node, older) == old
    assert use(node, precache) == new
    trees = [name for name in os.listdir(node.path + "/usr/local/lib/testnode-python") if "lock" not in name]
    assert len(trees) == 2, "the current one and the one before"
