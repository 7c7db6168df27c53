"""The elements by themselves: their form, and what they refuse, by the scripts on a real root."""

import hashlib
import os
import shutil
import subprocess

import pytest

from tests.support import images, roots
from tests.support.server import Site

SCRIPT = images.ELEMENTS / "testnode-python-precache/extra-data.d/60-testnode-python-precache"
TOOL = images.ELEMENTS / "testnode-python/extra-data.d/50-testnode-python"
GATE = "/src/elements/testnode-python-audit/finalise.d/999-testnode-python-audit"
# As diskimage-builder exports it to the scripts.
ARRAY = "() { echo '[testnode-python]=%s/testnode-python'; }" % images.ELEMENTS


@pytest.fixture
def node(stack):
    """A node with python3 and nothing else: what an image is before our elements."""
    images.require()
    return stack.enter_context(roots.minimal("bookworm").overlay())


@pytest.fixture
def run(node, tmp_path):
    """A runner of host-side scripts on the node; returns the exit code and the words."""

    def make(script, **variables):
        seen = {"TMP_MOUNT_PATH": node.path, "TMP_BUILD_DIR": str(tmp_path), "IMAGE_ELEMENT": "base"}
        seen.update({"BASH_FUNC_get_image_element_array%%": ARRAY}, **variables)
        done = subprocess.run(
            [str(script)],
            env=images.environment(**seen),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        return done.returncode, done.stdout

    return make


def test_dib_lint_finds_nothing():
    images.require()
    for folder in ("elements", "tests/images/elements"):
        lint = subprocess.run(
            ["dib-lint"],
            cwd=str(roots.CHECKOUT),
            env=images.environment(ELEMENTS_DIR=folder, LIB_DIR=folder),
            executable=shutil.which("dib-lint", path=images.environment()["PATH"]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        assert lint.returncode == 0 and lint.stdout.endswith("PASS\n"), lint.stdout


@pytest.mark.parametrize("mode", ["", "source"])
def test_pip_from_its_source_is_refused(run, mode):
    variables = (
        {"DIB_INSTALLTYPE_pip_and_virtualenv": mode} if mode else {"DIB_DEFAULT_INSTALLTYPE": "source"}
    )
    code, words = run(TOOL, IMAGE_ELEMENT="base pip-and-virtualenv vm", **variables)
    assert code == 1 and "Leave the element out, or set DIB_INSTALLTYPE_pip_and_virtualenv=package" in words


def test_pip_from_packages_is_let_in(run):
    variables = {"DIB_INSTALLTYPE_pip_and_virtualenv": "package", "DIB_DEFAULT_INSTALLTYPE": "source"}
    assert run(TOOL, IMAGE_ELEMENT="base pip-and-virtualenv vm", **variables)[0] == 0


def test_the_tool_is_one_file_of_roots_and_runs(run, node):
    assert run(TOOL)[0] == 0
    place = "/usr/local/lib/testnode-python/testnode-python.pyz"
    assert node.run(["stat", "-c", "%U:%G %a", place]).stdout == "root:root 755\n"
    assert os.readlink(node.path + "/usr/local/bin/testnode-python") == place
    assert "exit codes" in node.run(["testnode-python", "--help"]).stdout


def test_an_element_outside_of_a_checkout_says_so(run, tmp_path):
    array = ARRAY.replace(str(images.ELEMENTS), str(tmp_path / "elements"))
    (tmp_path / "elements" / "testnode-python").mkdir(parents=True)
    code, words = run(TOOL, **{"BASH_FUNC_get_image_element_array%%": array})
    assert code == 1 and "is no checkout of testnode-python; let ELEMENTS_PATH name the folder" in words


@pytest.mark.parametrize(
    "variables, sentence",
    [
        (
            {},
            "DIB_TESTNODE_PYTHON_PRECACHE is not set; name a folder made by 'testnode-python precache build'",
        ),
        ({"": "relative"}, "is neither an absolute path nor an https URL"),
        ({"": "http://example.org/precache.tar"}, "is neither an absolute path nor an https URL"),
        ({"": "https://example.org/precache.tar"}, "needs its hash; set DIB_TESTNODE_PYTHON_PRECACHE_SHA256"),
        ({"": "/nonexistent"}, "there is no precache at /nonexistent; build one with"),
    ],
)
def test_a_precache_that_makes_no_sense_is_refused(run, variables, sentence):
    code, words = run(SCRIPT, **{f"DIB_TESTNODE_PYTHON_PRECACHE{name}": it for name, it in variables.items()})
    assert code == 1 and sentence in words


def test_a_precache_that_was_altered_is_not_copied(run, node, precache, tmp_path):
    shutil.copytree(precache, tmp_path / "altered")
    wheel = next((tmp_path / "altered" / "wheels").glob("tox-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"x")
    assert run(TOOL)[0] == 0
    code, words = run(SCRIPT, DIB_TESTNODE_PYTHON_PRECACHE=str(tmp_path / "altered"))
    assert code == 1 and f"altered  wheels/{wheel.name}" in words
    assert not os.path.exists(node.path + "/opt/cache/testnode-python")


@pytest.fixture
def archive(precache, tmp_path):
    """A tar archive of the precache with its link, served by https: its URL, its hash, the certificate."""
    path = shutil.make_archive(str(tmp_path / "precache"), "gztar", precache.parent)
    with open(path, "rb") as file:
        content = file.read()
    with Site({"/precache.tar.gz": content}, tls=True) as site:
        yield site.base_url + "/precache.tar.gz", hashlib.sha256(content).hexdigest(), site.certificate


def test_a_precache_comes_from_a_url(run, node, archive):
    url, sha256, certificate = archive
    assert run(TOOL)[0] == 0
    variables = {"DIB_TESTNODE_PYTHON_PRECACHE": url, "CURL_CA_BUNDLE": certificate}
    code, words = run(SCRIPT, DIB_TESTNODE_PYTHON_PRECACHE_SHA256="0" * 64, **variables)
    assert code == 1 and f"has another sha256 than {'0' * 64}" in words
    code, words = run(SCRIPT, DIB_TESTNODE_PYTHON_PRECACHE_SHA256=sha256, **variables)
    assert code == 0, words
    node.run(["testnode-python", "precache", "verify"])
    found = node.run(["testnode-python", "ensure", "tox", "--sources", "precache"], network=False)
    assert found.stdout == node.run(["sh", "-c", "echo ~/.local/tox/bin/tox"]).stdout
    assert os.listdir(node.path + "/tmp") == []


def test_what_is_too_large_fails_the_build(run, node, precache):
    assert run(TOOL)[0] == run(SCRIPT, DIB_TESTNODE_PYTHON_PRECACHE=str(precache))[0] == 0
    variables = {"DIB_MANIFEST_IMAGE_DIR": "/etc/dib-manifests", "DIB_TESTNODE_PYTHON_MAX_MB": "100"}
    assert "of 100 MB" in node.run([GATE], env=variables).stdout
    gate = node.run([GATE], env=dict(variables, DIB_TESTNODE_PYTHON_MAX_MB="5"), check=False)
    assert gate.returncode == 1 and "more than DIB_TESTNODE_PYTHON_MAX_MB allows" in gate.stderr
