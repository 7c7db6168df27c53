"""What the arguments of an Ansible module ask for, as requests, and what it answers."""

from .errors import UsageError
from .parameters import redacted
from .request import DEFAULT_TIMEOUT, Request

_FIELDS = {
    "name": "tool",
    "version": "version",
    "command": "command",
    "executable": "executable",
    "venv": "venv",
}


def tools_of(params, dry=False):
    """Return the requests of a module for tools.

    :param dict params: the module's parameters; what it does not have is as the request has it.
    :param bool dry: whether nothing is to be written.
    :rtype: list(Request)
    :raises UsageError: where a tool is given by something else than a name or a dictionary of texts.
    """
    return [_common(params, dry)._replace(**_fields_of(tool)) for tool in params["tools"]]


def pips_of(params, environ, dry=False):
    """Return the requests of a module for pip, one for each interpreter.

    :param dict params: the module's parameters.
    :param dict environ: the caller's variables.
    :param bool dry: whether nothing is to be written.
    :rtype: list(Request)
    :raises UsageError: where there is no such interpreter.
    """
    from . import interpreters  # here, because most who ask for tools need none

    upstream = params["from_upstream"]
    pythons = upstream and params["from_upstream_interpreters"] or [params["python"]]
    request = _common(params, dry)._replace(
        tool="pip",
        version=params["version"],
        scope=params["scope"],
        get_pip=params.get("from_upstream_url", "") if upstream else "",
    )
    if params["from_packages"]:
        request = request._replace(sources=("system", "packages"))
    return [request._replace(python=interpreters.locate(python, environ)) for python in pythons]


def without_secrets(module, *names):
    """Let Ansible tell a module's URLs, which it hides as a whole, without what is secret in them.

    :param AnsibleModule module: the module; its parameters are changed.
    :param names: of those that are a URL or a list of them.
    :returns: the parameters as they were given.
    :rtype: dict
    """
    params = dict(module.params)
    for name in names:
        given = params[name]
        # Of the URLs only the secrets are secret, and those the library never tells.
        module.no_log_values.difference_update([given] if isinstance(given, str) else given)
        module.params[name] = redacted(given)
    return params


def answer_of(done, params, check_mode):
    """Return what the answers of all modules have.

    Facts outlive the play: there is none of what waits for another call or check mode only promises.

    :param Provision done: what came of it.
    :param dict params: the module's parameters.
    :param bool check_mode: whether the module only promises.
    :rtype: dict
    """
    outcomes = [outcome.as_dict() for outcome in done.outcomes]
    unfinished = done.waits or (check_mode and done.changed)
    return dict(
        {} if unfinished else facts_of(params, outcomes),
        changed=done.changed,
        needs_root=done.needs_root,
        outcomes=outcomes,
        virtualenv_command=done.virtualenv_command,
    )


def failure_of(error):
    """Return what a module that makes tools ready answers to an error.

    :param Error error: what went wrong.
    :rtype: dict
    """
    outcome = getattr(error, "outcome", None)
    return {"failed": True, "msg": str(error), "outcome": outcome.as_dict() if outcome else {}}


def facts_of(params, outcomes):
    """Return the facts that a module is to set, as the part of its answer that does.

    :param dict params: the module's parameters, ``outcome_fact`` and ``outcomes_fact`` among them.
    :param list outcomes: plain data.
    :rtype: dict
    """
    facts = {}
    if params["outcome_fact"] and outcomes:
        facts[params["outcome_fact"]] = outcomes[0]
    if params.get("outcomes_fact"):
        facts[params["outcomes_fact"]] = outcomes
    return {"ansible_facts": facts} if facts else {}


def _common(params, dry):
    return Request(
        tool="",
        sources=tuple(params["sources"]),
        precache=params.get("precache", ""),
        mirrors=tuple(params.get("mirrors", ())),
        python=params["python"],
        link=params.get("link", False),
        packaged=params.get("packaged", False),
        timeout=params.get("timeout", DEFAULT_TIMEOUT),
        dry=dry,
    )


def _fields_of(tool):
    given = tool if isinstance(tool, dict) else {"name": tool}
    unknown = sorted(str(key) for key in set(given) - set(_FIELDS))
    if given.get("name") is None:
        raise UsageError("{} has no name".format(given or "an empty entry"), "write it as in {name: tox}")
    if unknown:
        raise UsageError(
            "a tool has a name, and perhaps version, command, executable and venv, but not {}".format(
                ", ".join(unknown)
            )
        )
    return {_FIELDS[key]: str(value) for key, value in given.items() if value is not None}
