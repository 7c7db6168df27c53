"""What the repository has for its users, read from where it is declared: what the documentation must have."""

import ast
import re

import jinja2
import jinja2.nodes
import yaml
from testnode_python import cli
from testnode_python.words import Parser

from tests.docs.pages import ROOT

# Given by Ansible and Zuul.
_GIVEN = re.compile(r"ansible_\w+|zuul|inventory_hostname|item|hostvars|groups|omit|playbook_dir|role_path")
# What these have is an expression without braces.
_BARE = {"when", "until", "changed_when", "failed_when", "that", "var"}
_JOBVAR = re.compile(r"^\.\. zuul:jobvar:: (\S+)$", re.MULTILINE)


def load(path):
    """Return the content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def roles():
    """Return the names of the roles."""
    return sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())


def inputs_of(role):
    """Return the variables that a role takes."""
    folder = ROOT / "roles" / role
    spec = load(folder / "meta" / "argument_specs.yml")["argument_specs"]["main"].get("options", {})
    return {name for path in folder.glob("defaults/*") for name in load(path) or {}} | set(spec)


def outputs_of(role):
    """Return the facts that a role exports."""
    found = set()
    for path in (ROOT / "roles" / role / "tasks").iterdir():
        for key, value in _items(load(path)):
            if key == "ansible.builtin.set_fact":
                found |= set(value) - {"cacheable"}
    return found


def jobs():
    """Return the public jobs.

    :rtype: list(dict)
    """
    entries = [entry for path in sorted((ROOT / "zuul.d").rglob("*.yaml")) for entry in load(path)]
    return [entry["job"] for entry in entries if "job" in entry]


def jobvars_of(job):
    """Return the variables that a job documents."""
    return set(_JOBVAR.findall(job.get("description", "")))


def playbooks():
    """Return the paths of the playbooks that jobs run."""
    return sorted((ROOT / "playbooks").rglob("*.yaml"))


def taken_by(path):
    """Return the variables that a playbook takes from its job: those that neither it nor Zuul sets."""
    used, made = set(), set()
    environment = jinja2.Environment()
    for key, value in _items(load(path)):
        if key in ("vars", "ansible.builtin.set_fact") and isinstance(value, dict):
            made |= set(value)
        if key in ("register", "loop_var", "index_var"):
            made.add(value)
        texts = value if isinstance(value, list) else [value]
        for text in (text for text in texts if isinstance(text, str)):
            template = "{{ " + text + " }}" if key in _BARE else text
            # Not find_undeclared_variables: it wants to know Ansible's filters.
            used |= {name.name for name in environment.parse(template).find_all(jinja2.nodes.Name)}
    return {name for name in used - made if not _GIVEN.fullmatch(name)}


def _items(data):
    """Yield all keys and values of plain data, however deep."""
    for part in data if isinstance(data, list) else [data]:
        if isinstance(part, dict):
            for key, value in part.items():
                yield key, value
                yield from _items(value)
        elif isinstance(part, list):
            yield from _items(part)


class _CaughtError(Exception):
    """Carries a parser out of the program that was about to use it."""


def _parser_of(words, monkeypatch):
    def caught(parser, *_):
        raise _CaughtError(parser)

    with monkeypatch.context() as patch:
        patch.setattr(Parser, "parse_args", caught)
        try:
            cli.main(words)
        except _CaughtError as found:
            return found.args[0]
    raise AssertionError(f"{words} reach no parser")


def parsers(monkeypatch):
    """Return the parsers of the command line by their words, "" for the program itself.

    :rtype: dict(str, argparse.ArgumentParser)
    """
    found = {"": _parser_of([], monkeypatch)}
    for word, parser in words_of(found[""]).items():
        found[word] = parser if parser.add_help else _parser_of([word], monkeypatch)
        for inner, below in words_of(found[word]).items():
            found[f"{word} {inner}"] = below
    return found


def words_of(parser):
    """Return the parsers of a parser's words."""
    return {name: each for action in parser._actions for name, each in _choices(action).items()}


def _choices(action):
    return action.choices if isinstance(action.choices, dict) else {}


def modules():
    """Return the options and return values of the Ansible modules, by the modules' names."""
    found = {}
    for path in sorted((ROOT / "library" / "modules").glob("*.py")):
        texts = {
            node.targets[0].id: yaml.safe_load(ast.literal_eval(node.value))
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign) and node.targets[0].id in ("DOCUMENTATION", "RETURN")
        }
        found[path.stem] = set(texts["DOCUMENTATION"]["options"]) | set(texts["RETURN"])
    return found


def elements():
    """Return the variables that the files of each element use, by the elements' names."""
    found = {}
    for folder in sorted(path for path in (ROOT / "elements").iterdir() if path.is_dir()):
        scripts = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".rst"]
        texts = [path.read_text(encoding="utf-8") for path in scripts]
        found[folder.name] = {name for text in texts for name in re.findall(r"DIB_TESTNODE_PYTHON_\w+", text)}
    return found
