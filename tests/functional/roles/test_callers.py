"""Who calls: root, another checkout, a host that is not served, a job with wishes of its own."""

import os
import shutil

import pytest

from tests.support import roots
from tests.support.controllers import Controller

from .plays import last, outcome, roles, shell, succeed


def test_root_may_be_ansibles_user(node_in, controller):
    node = node_in("bookworm", "precached", user="root")
    names = ("ensure-pip", "ensure-virtualenv", "ensure-tox")
    played = succeed(controller, roles(*names))
    assert [outcome(played, role)["source"] for role in names] == ["precache"] * 3
    home = node.run(["sh", "-c", "echo ~root"]).stdout.strip()
    assert outcome(played, "ensure-tox")["executable"] == home + "/.local/tox/bin/tox"
    succeed(controller, shell("{{ tox_executable }} --version", "virtualenv --version", "pip3 --version"))
    again = succeed(controller, roles(*names))
    assert [last(again, role)["changed"] for role in names] == [False] * 3


def test_what_the_job_sets_beats_what_a_base_play_exported(node_in, controller):
    mine = "/home/zuul/mine/bin/tox"
    node = node_in("bookworm", "prepared", tox_executable=mine)
    ensure = ["python3", "/src/testnode-python", "ensure", "tox", "--sources", "precache"]
    node.run([*ensure, "--venv", "/home/zuul/mine"], user="zuul", network=False)
    base = succeed(controller, roles("prepare-python-tools", "ensure-tox"))
    assert outcome(base, "ensure-tox")["executable"] == mine
    job = succeed(controller, roles("ensure-tox"))
    assert outcome(job, "ensure-tox")["executable"] == mine


def test_a_tox_of_the_jobs_version_comes_after_the_base_plays_own(node_in, controller):
    node_in("bookworm", "online")
    base = succeed(controller, roles("ensure-tox"))
    assert outcome(base, "ensure-tox")["version"].startswith("4.")
    job = succeed(controller, roles("ensure-tox", ensure_tox_version="<4"))
    made = outcome(job, "ensure-tox")
    assert (made["source"], made["version"].partition(".")[0]) == ("mirror", "3")
    used = succeed(controller, shell("{{ tox_executable }} --version"))
    assert used.results[0][-1]["stdout"].startswith("3.")


def test_a_global_link_leads_only_to_what_is_roots(node_in, controller):
    node = node_in("bookworm", "precached")
    first = succeed(controller, roles("ensure-tox"))
    assert outcome(first, "ensure-tox")["executable"].startswith("/home/zuul/")
    linked = succeed(controller, roles("ensure-tox", ensure_global_symlinks=True))
    made = outcome(linked, "ensure-tox")
    assert (made["executable"], made["link"]) == ("/usr/tox-env/bin/tox", "/usr/local/bin/tox")
    found = node.run(["readlink", "-f", "/usr/local/bin/tox"]).stdout.strip()
    assert node.run(["stat", "-c", "%U %a", found]).stdout == "root 755\n"
    succeed(controller, shell("tox --version", "sudo tox --version"))
    again = succeed(controller, roles("ensure-tox", ensure_global_symlinks=True))
    assert (last(again, "ensure-tox")["changed"], outcome(again, "ensure-tox")["source"]) == (False, "system")


def test_a_base_job_may_want_bare_names_for_everybody(node_in, controller):
    node_in("bookworm", "precached")
    succeed(controller, roles("prepare-python-tools", prepare_python_tools_global_symlinks=True))
    succeed(controller, shell("tox --version", "sudo virtualenv --version"))


def test_what_is_switched_off_or_not_served_is_a_line(node_in, controller):
    node = node_in("bookworm", "prepared")
    before = node.written()
    controller.hosts["windows"] = {"ansible_connection": "winrm"}
    controller.hosts["windows by ssh"] = {"ansible_connection": "ssh", "ansible_shell_type": "powershell"}
    controller.hosts["node"].update(prepare_python_tools_enabled=False)
    played = succeed(controller, roles("prepare-python-tools"))
    said = played.of("prepare-python-tools : Say that nothing is prepared")
    assert len(said) == 3
    assert all("No Python tools are prepared on this host" in each["msg"] for each in said)
    assert {each["kind"] for each in played.of("prepare-python-tools : Look for the tools")} == {"skipped"}
    assert not [path for path in node.written() - before if not path.startswith("home/zuul/.ssh")]


def test_it_is_switched_on_and_off_as_booleans_are_written(node_in, controller):
    node_in("bookworm", "prepared")
    task = "prepare-python-tools : Look for the tools"
    for word, kind, made in (("y", "ok", 2), ("no", "skipped", 0), ("true", "ok", 2)):
        given = ("-e", f"prepare_python_tools_enabled={word}")
        assert [
            each["kind"] for each in succeed(controller, roles("prepare-python-tools"), *given).of(task)
        ] == [kind]
        count = shell("echo {{ ansible_facts.prepare_python_tools_outcomes | length }}")
        assert succeed(controller, count).results[0][-1]["stdout"] == str(made)


def test_localhost_with_a_home_that_cannot_be_written(controller, index, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "tox").write_text("#!/bin/sh\necho 4.1.2\n")
    (folder / "tox").chmod(0o755)
    localhost = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
    controller.hosts["localhost"] = localhost
    environ = {"HOME": "/proc/no-home", "PATH": f"{folder}:/usr/bin:/bin", "ANSIBLE_HOME": str(tmp_path)}
    found = controller.play(roles("ensure-tox"), environ=environ)
    assert found.returncode == 0, found.output
    assert outcome(found, "ensure-tox")["executable"] == str(folder / "tox")
    (folder / "tox").unlink()
    missing = controller.play(
        roles(
            "ensure-tox",
            tox_executable="no-tox",
            ensure_tox_sources=["mirror"],
            ensure_tox_mirrors=[index.url],
        ),
        environ=environ,
    )
    message = last(missing, "ensure-tox")["msg"]
    assert "/proc/no-home/.local/tox cannot be made" in message
    assert "name a folder that you may write with --venv, or another HOME" in message


def test_a_sparse_checkout_is_enough(node_in, controller, tmp_path, stack):
    node = node_in("bookworm", "prepared")
    for name in ("roles", "library"):
        shutil.copytree(roots.CHECKOUT / name, tmp_path / "sparse" / name, symlinks=True)
    (tmp_path / "elsewhere").mkdir()
    other = Controller(tmp_path / "elsewhere", roles=[tmp_path / "sparse" / "roles"])
    stack.callback(other.close)
    other.add("node", node, network=False)
    played = succeed(other, roles("ensure-tox", "ensure-virtualenv", "prepare-python-tools"))
    assert outcome(played, "ensure-tox")["source"] == "system"


def test_check_mode_writes_nothing_and_says_what_would_come(node_in, controller):
    node = node_in("bookworm", "precached")
    before = node.written()
    played = succeed(controller, roles("ensure-tox"), "--check")
    result = last(played, "ensure-tox")
    assert (result["changed"], result["outcomes"][0]["executable"]) == (True, "/home/zuul/.local/tox/bin/tox")
    assert not [path for path in node.written() - before if "/.local/" in path or path.startswith("usr/")]


@pytest.mark.parametrize("name", ["cowsay"])
def test_any_name_on_pypi_is_a_tool(node_in, controller, name):
    node_in("bookworm", "online")
    played = succeed(
        controller,
        roles("ensure-python-tool", ensure_python_tool_name=name, ensure_python_tool_venv_path="~/tools/x"),
    )
    made = outcome(played, "ensure-python-tool")
    assert (made["source"], made["unlocked"]) == ("mirror", True)
    assert made["executable"] == f"/home/zuul/tools/x/bin/{name}"
    succeed(controller, shell("{{ ensure_python_tool_executable }} -t hello"))


def becoming(*names, user="root", **variables):
    """Return a play of roles that has become somebody as a whole."""
    (play,) = roles(*names, **variables)
    return [dict(play, become=True, become_user=user)]


def test_a_play_that_has_become_root_as_a_whole(node_in, controller):
    node = node_in("bookworm", "minimal and precached")
    variables = {"ensure_global_symlinks": True, "ensure_python_tool_name": "bindep"}
    names = ("ensure-pip", "ensure-virtualenv", "ensure-tox", "ensure-python-tool")
    played = succeed(controller, becoming(*names, **variables))
    # virtualenv was made for ensure-pip: the node's python3 makes no environments.
    sources = [outcome(played, role)["source"] for role in names]
    assert sources == ["precache", "system", "precache", "precache"]
    home = node.run(["sh", "-c", "echo ~root"]).stdout.strip()
    assert outcome(played, "ensure-python-tool")["executable"] == home + "/.local/bindep/bin/bindep"
    assert outcome(played, "ensure-tox")["link"] == "/usr/local/bin/tox"
    assert not os.path.exists(node.path + "/home/zuul/.local")
    again = succeed(controller, becoming(*names, **variables))
    for role in names:
        assert (outcome(again, role)["source"], last(again, role)["changed"]) == ("system", False)
    prepared = succeed(controller, becoming("prepare-python-tools", prepare_python_tools_list=["stestr"]))
    assert last(prepared, "prepare-python-tools")["outcomes"][0]["source"] == "precache"


@pytest.mark.parametrize("sudo", [True, False])
def test_a_play_that_has_become_an_ordinary_user(node_in, controller, sudo):
    node = node_in("bookworm", "precached")
    node.run(["useradd", "--create-home", "--shell", "/bin/bash", "stack"])
    if sudo:
        node.write("/etc/sudoers.d/stack", "stack ALL=(ALL) NOPASSWD:ALL\n", mode=0o440)
    names = ("ensure-tox", "ensure-virtualenv")
    played = succeed(controller, becoming(*names, user="stack"))
    assert outcome(played, "ensure-tox")["executable"] == "/home/stack/.local/tox/bin/tox"
    made = "/usr/virtualenv-env" if sudo else "/home/stack/.local/virtualenv"
    assert outcome(played, "ensure-virtualenv")["environment"] == made
    venvs = {"install_python_venvs_tools": ["bindep"]}
    pip = controller.play(becoming("ensure-pip", user="stack"))
    assert pip.returncode == (0 if sudo else 2)
    assert sudo or "this user may not become it" in last(pip, "ensure-pip")["msg"]
    succeed(controller, becoming("install-python-venvs", user="stack", **venvs))
    assert not os.path.exists(node.path + "/home/zuul/.local")


def test_what_check_mode_only_promised_is_not_remembered(node_in, controller):
    node = node_in("bookworm", "minimal and precached")
    names = ("ensure-pip", "ensure-tox")
    succeed(controller, roles(*names), "--check")
    assert not os.path.exists(node.path + "/usr/virtualenv-env")
    later = shell("echo {{ tox_executable | default('not known') }}")
    assert succeed(controller, later).results[0][-1]["stdout"] == "not known"
    succeed(controller, roles(*names))
    made = "{{ ensure_pip_virtualenv_command }}"
    succeed(controller, shell(made + " made", "{{ tox_executable }} --version"))
    # What is gone since it was exported is made again.
    node.run(["rm", "-r", "/usr/virtualenv-env"])
    succeed(controller, roles(*names))
    succeed(controller, shell(made + " again"))


def test_outcomes_are_facts_where_ansible_puts_none_among_the_variables(node_in, controller):
    node_in("bookworm", "prepared")
    environ = {"ANSIBLE_INJECT_FACT_VARS": "false"}
    for _ in range(2):
        played = controller.play(
            roles("ensure-virtualenv", "ensure-tox", "prepare-python-tools"), environ=environ
        )
        assert played.returncode == 0, played.output
    facts = "ansible_facts.{}.executable".format
    names = ("ensure_virtualenv_outcome", "ensure_tox_outcome", "prepare_python_tools_outcomes[1]")
    used = controller.play(shell(*(f"{{{{ {facts(name)} }}}} --version" for name in names)), environ=environ)
    assert used.returncode == 0, used.output
