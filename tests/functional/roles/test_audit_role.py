"""The role that audits a node: its report, its tables, and its gate, which stops a play after both."""

import json

from .plays import last, roles, succeed

AUDIT = "audit-python"
SITE = "/usr/local/lib/python3.11/dist-packages"
# Ansible must not fill it in, wherever it goes.
HOSTILE = "{{ 6 * 7 }}.pth"


def audit(**variables):
    """Return a play of the role and of a task that reads its fact."""
    tasks = [{"name": "Read the fact", "ansible.builtin.debug": {"msg": "{{ audit_python_clean }}"}}]
    (play,) = roles(AUDIT, **{f"audit_python_{name}": value for name, value in variables.items()})
    return [dict(play, tasks=tasks)]


def shown(played):
    """Return what the play says on the console."""
    (result,) = played.of(f"{AUDIT} : Show it")
    return result["msg"]


def written(node):
    """Return what was written on a node, without what Ansible itself leaves in the home."""
    return {file for file in node.written() if not file.startswith("home/zuul/.ansible")}


def test_a_prepared_node_passes_and_its_report_is_written(node_in, controller, tmp_path):
    node = node_in("bookworm", "prepared")
    path = tmp_path / "zuul-info" / "audit.node.json"
    given = {"fail_on": "unmanaged", "report": str(path).replace("node", "{{ inventory_hostname }}")}
    before = written(node)
    promised = succeed(controller, audit(**given), "--check")
    assert last(promised, AUDIT)["clean"] and not path.parent.exists()
    played = succeed(controller, audit(**given))
    result = last(played, AUDIT)
    assert (result["changed"], result["clean"]) == (False, True)
    assert json.loads(path.read_text()) == result["report"]
    names = {name for each in result["report"]["environments"] for name in each["names"]}
    assert {"/usr/tox-env", "/usr/virtualenv-env", "/usr/bindep-env"} <= names
    assert result["report"]["precache"]["fault"] == ""
    assert shown(played) == result["text"].split("\n")
    assert shown(played)[0] == "The global Python is clean: dpkg owns all of it."
    assert [each["msg"] for each in played.of("Read the fact")] == [True]
    again = succeed(controller, audit(**given))
    assert not any(result.get("changed") for _, _, result in again.results)
    assert written(node) == before
    # Cached: another playbook of the job reads it too.
    (reading,) = audit()
    del reading["roles"]
    assert [each["msg"] for each in succeed(controller, [reading]).of("Read the fact")] == [True]


def test_on_zuul_s_console_the_tables_are_a_text(node_in, controller):
    node_in("bookworm", "bare")
    (play,) = audit()
    play["vars"]["zuul"] = {"build": "1"}
    played = succeed(controller, [play])
    assert shown(played) == last(played, AUDIT)["text"]


def test_an_old_image_is_stopped_after_its_report_was_written_and_shown(node_in, controller, tmp_path):
    node = node_in("bookworm", "old image")
    node.write(f"{SITE}/{HOSTILE}", "")
    path = tmp_path / "audit.json"
    before = tmp_path.stat().st_mode
    played = controller.play(audit(fail_on="unmanaged", report=str(path)))
    assert played.returncode == 2
    (stopped,) = played.of(f"{AUDIT} : Stop where the gate does")
    for each in ("the global Python of / is not clean", f"{SITE}/tox-", "/usr/local/bin/pip3", HOSTILE):
        assert each in stopped["msg"]
    assert shown(played)[0].startswith("The global Python is NOT clean")
    assert any(HOSTILE in line for line in shown(played))
    report = json.loads(path.read_text())
    assert report == last(played, AUDIT)["report"] and not report["clean"]
    assert HOSTILE in {each["name"] for each in report["unmanaged"]}
    assert tmp_path.stat().st_mode == before
    # Without the gate it is a report.
    played = succeed(controller, audit())
    assert [each["msg"] for each in played.of("Read the fact")] == [False]


def test_without_root_it_says_what_it_could_not_read(node_in, controller):
    node = node_in("bookworm", "no sudo")
    node.run(["chmod", "0700", "/usr/local/sbin"])
    played = controller.play(audit(become=False, fail_on="unmanaged"))
    result = last(played, AUDIT)
    assert result["report"]["unread"] == ["/usr/local/sbin cannot be read: Permission denied"]
    (stopped,) = played.of(f"{AUDIT} : Stop where the gate does")
    assert "whether the global Python of / is clean cannot be said: /usr/local/sbin" in stopped["msg"]
    node.run(["chmod", "0755", "/usr/local/sbin"])
    assert last(succeed(controller, audit(become=False, fail_on="unmanaged")), AUDIT)["clean"]
    assert controller.play(audit()).returncode == 2, "this user may not become root"


def test_what_makes_no_sense_fails_at_once(node_in, controller):
    node_in("bookworm", "bare")
    for given, words in (
        ({"fail_on": "unmanged"}, "must be one of"),
        ({"root": "/no"}, "'/no' is no folder; name the folder"),
    ):
        played = controller.play(audit(**given))
        assert played.returncode == 2
        assert words in last(played, AUDIT)["msg"]
        assert not played.of(f"{AUDIT} : Show it")
