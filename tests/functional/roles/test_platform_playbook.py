"""The playbook of our own CI's jobs for platforms, on a node of the tests."""

import json

from tests.support.roots import CHECKOUT

PLAYBOOK = CHECKOUT / "test-playbooks" / "roles.yaml"
ROLES = ("ensure-pip", "ensure-virtualenv", "ensure-tox", "ensure-python-tool", "prepare-python-tools")


def test_the_playbook_of_the_platform_jobs_passes(node_in, controller, tmp_path):
    node_in("bookworm", "bare", zuul={"executor": {"log_root": str(tmp_path)}})
    played = controller.run(PLAYBOOK)
    assert played.returncode == 0, played.output
    names = [name for name, _, _ in played.results]
    used = names.index("Leave no room behind")
    # Each role runs twice, and only before the tools are used is anything made.
    changing = [name for name, _, result in played.results[used + 1 :] if result.get("changed")]
    assert changing == ["audit-python : Make its folder", "audit-python : Write the report as JSON"]
    for role in ROLES:
        began = [at for at, name in enumerate(names) if name.startswith(f"{role} : Look for ")]
        assert len(began) == 2 and began[0] < used < began[1], role
    report = json.loads((tmp_path / "zuul-info" / "testnode-python-audit.node.json").read_text())
    assert "pip" in {each["name"].split()[0] for each in report["unmanaged"]}


def test_it_fails_where_a_role_tells_less(node_in, controller, tmp_path):
    variables = {"zuul": {"executor": {"log_root": str(tmp_path)}}, "prepare_python_tools_enabled": False}
    node_in("bookworm", "prepared", **variables)
    played = controller.run(PLAYBOOK)
    assert played.returncode == 2
    (told,) = played.of("See that each role tells what it made ready")
    assert told["kind"] == "failed" and not played.of("Make a room")
