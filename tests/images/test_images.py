"""What the images have: tools that work, a precache of their own target, a clean global Python."""

import json
import os
import stat

import pytest

from tests.functional.roles.plays import prepared, shell, succeed
from tests.support.controllers import with_ssh

from .conftest import OURS, TARGETS, size_of

VENVS = {
    "/usr/tox-env": "tox --version",
    "/usr/virtualenv-env": "virtualenv --version",
    "/usr/bindep-env": "bindep --version",
    "/usr/stestr-env": "stestr --version",
    "/usr/os-testr-env": "subunit-trace --help",
    "/usr/zuul-env": "/usr/zuul-env/bin/python -c 'import yaml'",
    "/usr/glean": "glean --help",
}
# As zuul-cloner's successor is installed: a program for the environment's Python, which brings PyYAML.
SHIM = "#!/usr/zuul-env/bin/python\nimport yaml\nprint(yaml.safe_load('cloned: true'))\n"
TOX = (
    "[tox]\nskipsdist = true\n[testenv]\nskip_install = true\ncommands = python -c \"print('ran in tox')\"\n"
)
MAX_MB = 300


@pytest.fixture
def node(image, stack):
    """A node of each image, with a user zuul; what it has besides is sshd."""
    return stack.enter_context(with_ssh(image.root).overlay())


def run(node, words, **options):
    """Run words of a shell as a user of the image, who has no network; return what they print."""
    options = dict({"user": "zuul", "network": False}, **options)
    return node.run(["sh", "-euc", words], **options).stdout


def test_no_package_index_is_asked(image):
    assert image.asked == []
    assert "Collecting" not in image.output


def test_every_system_level_venv_works_for_everybody_without_network(node):
    for place, words in VENVS.items():
        run(node, words)
        assert run(node, f"{place}/bin/pip --version").startswith("pip ")
        assert run(node, f"stat -c %U $(readlink -f {place})") == "root\n"
    listed = json.loads(run(node, "testnode-python venvs list --json"))
    ours = {venv["path"]: venv for venv in listed}
    assert set(ours) == set(VENVS) - {"/usr/glean"}
    assert {(venv["source"], venv["fault"]) for venv in listed} == {("precache", "")}


def test_the_tools_do_what_they_are_there_for(node):
    assert "made" in run(node, "virtualenv -q made && made/bin/python -c 'import sys; print(sys.prefix)'")
    node.write("/home/zuul/tox.ini", TOX)
    assert "ran in tox" in run(node, "tox -e py")
    node.write("/home/zuul/bindep.txt", "no-such-package\n")
    assert run(node, "bindep -b || true") == "no-such-package\n"
    # By the node itself: the environment is an absolute link.
    node.run(["install", "--mode=755", "/dev/stdin", "/usr/zuul-env/bin/zuul-cloner"], input=SHIM)
    assert run(node, "/usr/zuul-env/bin/zuul-cloner") == "{'cloned': True}\n"


def test_glean_came_from_the_precache_and_is_installed(image, node):
    assert "Cloning" not in image.output and "opendev.org" not in image.output
    service = image.path / "usr/lib/systemd/system/glean@.service"
    assert "/usr/glean/" in service.read_text()
    versions = run(node, "/usr/glean/bin/pip list --format=freeze").split()
    locked = locked_versions(image, "glean")
    assert {f"glean=={locked['glean']}", f"pbr=={locked['pbr']}"} <= set(versions)


def locked_versions(image, tool):
    """Return what the precache of an image has of a tool, name -> version."""
    text = (image.path / OURS["precache"] / "current" / "manifest.json").read_text()
    (target,) = json.loads(text)["targets"].values()
    return {wheel["name"]: wheel["version"] for wheel in target["tools"][tool]["wheels"]}


def test_the_precache_has_its_own_target_alone_and_is_whole(image, node, precache):
    place = image.path / OURS["precache"]
    assert sorted(path.name for path in place.iterdir()) == sorted([precache.name, "current"])
    data = json.loads((place / "current" / "manifest.json").read_text())
    assert list(data["targets"]) == [TARGETS[image.suite]]
    assert run(node, "testnode-python precache verify") == ""
    assert len(list((precache / "wheels").iterdir())) > len(list((place / "current/wheels").iterdir()))


def test_what_is_ours_is_roots_and_readable_by_all(image):
    for place in OURS.values():
        for parent, folders, names in os.walk(image.path / place):
            for name in [*folders, *names]:
                path = os.path.join(parent, name)
                status = os.lstat(path)
                assert (status.st_uid, status.st_gid) == (0, 0), path
                if not stat.S_ISLNK(status.st_mode):
                    assert not status.st_mode & 0o022, path
                    assert status.st_mode & 0o004 or name.endswith(".lock"), path


def test_the_global_python_is_the_distributions_alone(image, node):
    run(node, "testnode-python audit --fail-on unmanaged", user="root")
    report = image.path / "etc/dib-manifests/testnode-python-audit.json"
    assert json.loads(report.read_text())["precache"]["targets"] == [TARGETS[image.suite]]
    assert run(node, "python3 -m pip --version 2>&1 || true").endswith("No module named pip\n")


def test_the_roles_find_what_the_image_has(image, node, controller):
    controller.add("node", node, network=False)
    prepared(controller)
    succeed(controller, shell("tox --version", "virtualenv --version", "pip3 --version"))


def test_it_keeps_to_its_size(image):
    taken = {name: size_of(image.path / place)[0] / 1e6 for name, place in OURS.items()}
    assert sum(taken.values()) < MAX_MB, taken
