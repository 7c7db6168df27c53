"""What the functional tests stand on: a real precache of everything, and real nodes with it."""

import contextlib
import os
import pathlib
import subprocess
import sys

import pytest
from testnode_python import manifest

from tests.support import roots
from tests.support.get_pip import get_pip_site

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
SUITES = ("bullseye", "bookworm", "trixie")


def pytest_addoption(parser):
    """Which third of the table this Ansible takes: together three take all of it, each pair of
    Ansible and release, and of Ansible and state, at least once."""
    parser.addoption(
        "--third", type=int, choices=(0, 1, 2), help="only this third of the table (default: all)"
    )


def build(output, *options):
    """Run ``precache build`` as an operator does; return what it says and prints."""
    argv = [sys.executable, str(CHECKOUT / "testnode-python"), "precache", "build", "--output", str(output)]
    run = subprocess.run(argv + list(options), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.returncode == 0, run.stderr.decode()
    return run.stderr.decode(), run.stdout.decode().strip()


def read_manifest(folder):
    """Return the manifest of a precache."""
    path = os.path.join(str(folder), manifest.FILE_NAME)
    with open(path) as file:
        return manifest.loads(file.read(), path)


@pytest.fixture(scope="session")
def precache(tmp_path_factory):
    """A precache of all tools for all targets, get-pip.py by the stand-in, from the real index."""
    output = tmp_path_factory.mktemp("precaches")
    os.chmod(str(output.parent), 0o755)  # other users of this machine and of nodes read it
    _, without = build(output, "--no-get-pip")
    pips = {
        target.python: os.path.join(without, "wheels", wheel.file)
        for target in read_manifest(without).targets.values()
        for wheel in target.tools["pip"].wheels
        if wheel.name == "pip"
    }
    older = {python: wheel for python, wheel in pips.items() if python < (3, 10)}
    with get_pip_site(pips[max(pips)], older=older) as site:
        words, folder = build(output, "--get-pip-url", site.base_url)
        assert "nothing to do" not in words
        asked = len(site.requests)
        again, same = build(output, "--get-pip-url", site.base_url)
        assert (same, len(site.requests)) == (folder, asked), "a second build asked again"
        assert "0 fetched" in again and "0 requests" in again
    files = {python: file.file for python, file in read_manifest(folder).get_pip.items()}
    assert (files["3.6"], files["3.13"]) == ("get-pip/3.6/get-pip.py", "get-pip/get-pip.py")
    return pathlib.Path(folder)


@pytest.fixture
def node_of():
    """A maker of clean nodes: ``node_of(root)``, with a user zuul; they end with the test."""
    roots.require()
    with contextlib.ExitStack() as stack:

        def make(root, precache=None):
            node = stack.enter_context(root.overlay())
            node.run(["useradd", "--create-home", "zuul"])
            if precache is not None:
                roots.put_precache(node.path, precache)
            return node

        yield make
