"""The roles for static nodes and images: what they leave is what the roles of jobs find."""

import os
import subprocess

from .plays import last, outcome, roles, shell, succeed

VENVS = "install-python-venvs"
PRECACHE = "install-python-precache"


def installed(controller, *options, **variables):
    """Run the role; return its last result and the venvs in it by tool."""
    given = {f"install_python_venvs_{name}": value for name, value in variables.items()}
    result = last(succeed(controller, roles(VENVS, **given), *options), VENVS)
    return result, {venv["tool"]: venv for venv in result["venvs"]}


def test_venvs_are_made_found_by_jobs_kept_and_removed(node_in, controller):
    node = node_in("bookworm", "precached")
    tools = ["tox", "bindep", "zuul-cloner"]
    promised, venvs = installed(controller, "--check", tools=tools)
    assert promised["changed"] and not node.run(["ls", "/usr/local/bin"]).stdout
    made, venvs = installed(controller, tools=tools)
    assert made["changed"]
    assert [venvs[tool]["environment"] for tool in tools] == [
        "/usr/tox-env",
        "/usr/bindep-env",
        "/usr/zuul-env",
    ]
    assert venvs["tox"]["links"] == ["/usr/local/bin/tox"] and venvs["zuul-cloner"]["links"] == []
    job = succeed(controller, roles("ensure-tox"))
    assert outcome(job, "ensure-tox")["executable"] == "/usr/local/bin/tox"
    assert outcome(job, "ensure-tox")["source"] == "system"
    succeed(controller, shell("bindep --version", "/usr/zuul-env/bin/python -c 'import yaml'"))
    again, venvs = installed(controller, tools=tools)
    assert not again["changed"] and venvs["bindep"]["version"]
    gone, venvs = installed(controller, tools=["tox", "nox"], state="absent")
    assert gone["changed"] and "/usr/tox-env" in venvs["tox"]["removed"] and not venvs["nox"]["changed"]
    assert node.run(["ls", "/usr/local/bin"]).stdout.split() == ["bindep"]


def test_one_that_cannot_be_made_fails_the_play_after_the_others_were_made(node_in, controller):
    node = node_in("bookworm", "precached")
    node.run(["mkdir", "/usr/bindep-env"])
    variables = {
        "install_python_venvs_tools": ["bindep", "tox"],
        "install_python_venvs_sources": ["precache"],
    }
    played = controller.play(roles(VENVS, **variables))
    assert played.returncode == 2
    message = last(played, VENVS)["msg"]
    assert "/usr/bindep-env is there already and not made by testnode-python" in message
    node.run(["tox", "--version"], cwd="/")


def packed(layers, folder):
    """Pack the precache of the tests; return the archive's path and the digest of its locks."""
    precache = layers.wheels.parent
    archive = folder / "precache.tar"
    # As whoever built it may have it: not root's, and open to all.
    theirs = ["--owner=1000", "--group=1000", "--mode=a+rwX"]
    argv = ["tar", "--create", *theirs, f"--file={archive}", f"--directory={precache}", "."]
    subprocess.run(argv, check=True)
    return str(archive), precache.name


def test_a_precache_is_brought_once_used_by_jobs_and_rolled_back(node_in, controller, layers, tmp_path):
    node = node_in("bookworm", "cut off")
    archive, digest = packed(layers, tmp_path)
    given = {"install_python_precache_archive": archive, "install_python_precache_digest": digest}
    promised = last(succeed(controller, roles(PRECACHE, **given), "--check"), PRECACHE)
    assert promised["changed"] and not os.path.exists(node.path + "/opt/cache")
    first = succeed(controller, roles(PRECACHE, "ensure-tox", **given))
    room = first.of(f"{PRECACHE} : Make room for what is in it")[0]
    assert (room["owner"], room["mode"]) == ("root", "0700")
    assert last(first, PRECACHE)["changed"]
    assert outcome(first, "ensure-tox")["source"] == "precache"
    place = f"/opt/cache/testnode-python/{digest}"
    there = node.run(["sh", "-c", f"ls {place}/locks; ls /tmp; stat -c %U:%a {place} {place}/wheels"]).stdout
    assert there.split() == ["cp311-linux_x86_64", "root:755", "root:755"], "only its own target, no leavings"
    again = succeed(controller, roles(PRECACHE, **given))
    assert not again.of(f"{PRECACHE} : Unpack the archive")
    assert not last(again, PRECACHE)["changed"]
    assert last(again, PRECACHE)["folder"] == place
    other = "1" * 64
    node.run(["cp", "-a", place, f"/opt/cache/testnode-python/{other}"])
    node.run(["ln", "-sfn", other, "/opt/cache/testnode-python/current"])
    back = succeed(controller, roles(PRECACHE, install_python_precache_digest=digest))
    assert last(back, PRECACHE)["changed"]
    assert node.run(["readlink", "/opt/cache/testnode-python/current"]).stdout.strip() == digest


def test_a_precache_that_is_nowhere_is_an_error(node_in, controller):
    node_in("bookworm", "cut off")
    played = controller.play(roles(PRECACHE, install_python_precache_digest="1" * 64))
    assert played.returncode == 2
    assert "give an archive of it" in last(played, PRECACHE)["msg"]
