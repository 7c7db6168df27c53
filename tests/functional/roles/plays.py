"""Plays that several tests run, and what came of them."""

# The tasks of each role that call a module, in the order in which they may run.
TASKS = {
    "audit-python": ("Look which Python there is",),
    "ensure-pip": ("Look for pip", "Make pip ready", "Find pip"),
    "ensure-virtualenv": ("Look for virtualenv", "Make virtualenv ready", "Find virtualenv"),
    "ensure-tox": ("Look for tox", "Make tox ready", "Find tox"),
    "ensure-python-tool": ("Look for the tool", "Make the tool ready", "Find the tool"),
    "prepare-python-tools": ("Look for the tools", "Make the tools ready"),
    "install-python-precache": ("Look for the precache", "Copy what this node needs"),
    "install-python-venvs": ("Bring the system-level venvs to their locks",),
}


def roles(*names, **variables):
    """Return a play of roles.

    :param names: the roles.
    :param variables: of the play, as a playbook has them.
    """
    return [{"hosts": "all", "gather_facts": False, "roles": list(names), "vars": variables}]


def careful(names, **variables):
    """Return a play of roles each of which may fail."""
    tasks = [
        {
            "name": f"{role} with care",
            "block": [{"name": f"Include {role}", "ansible.builtin.include_role": {"name": role}}],
            "rescue": [{"name": f"Pass over {role}", "ansible.builtin.debug": {"msg": "it failed"}}],
        }
        for role in names
    ]
    return [{"hosts": "all", "gather_facts": False, "tasks": tasks, "vars": variables}]


def shell(*commands, **keywords):
    """Return a play of commands in a plain Ansible shell; each is named by its words.

    :param keywords: of the play, as ``become``.
    """
    tasks = [{"name": words, "ansible.builtin.shell": words} for words in commands]
    return [dict(hosts="all", gather_facts=False, tasks=tasks, **keywords)]


def last(played, role):
    """Return the result of a role's last call of its module."""
    found = [each for task in TASKS[role] for each in played.of(f"{role} : {task}")]
    assert found, played.output
    return found[-1]


def outcome(played, role):
    """Return the outcome of a role that succeeded."""
    result = last(played, role)
    assert result["kind"] == "ok", played.output
    return result["outcomes"][0]


def succeed(controller, plays, *options):
    """Run plays that are to succeed; return how they ended."""
    played = controller.play(plays, *options)
    assert played.returncode == 0, played.output
    return played


def prepared(controller):
    """Run the roles on nodes that have everything: they find it, and make pip ready from the precache."""
    played = succeed(controller, roles("ensure-virtualenv", "ensure-tox", "prepare-python-tools"))
    found = [outcome(played, role) for role in ("ensure-virtualenv", "ensure-tox")]
    found += last(played, "prepare-python-tools")["outcomes"]
    assert {(each["source"], each["changed"]) for each in found} == {("system", False)}
    pip = outcome(succeed(controller, roles("ensure-pip")), "ensure-pip")
    assert (pip["source"], pip["changed"]) == ("precache", True)
    again = outcome(succeed(controller, roles("ensure-pip")), "ensure-pip")
    assert (again["source"], again["changed"]) == ("system", False)
