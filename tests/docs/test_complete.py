"""All that users can name is in the built documentation."""

import collections
import re

import pytest
from testnode_python import manifest, outcome, receipts, tools, venvs
from testnode_python.audit import pathcommands, pins, pythons, report, sitepackages, stored
from testnode_python.audit import venvs as audit_venvs
from testnode_python.builder import build, locks, show, toolset
from testnode_python.contents import Finding
from testnode_python.copies import Copied

from tests.docs import declared
from tests.docs.pages import page


def known_variables():
    """Return the names of all variables that jobs and roles document, without the name of the job or role."""
    names = {
        name for role in declared.roles() for name in declared.inputs_of(role) | declared.outputs_of(role)
    }
    return names | {name for job in declared.jobs() for name in declared.jobvars_of(job)}


@pytest.mark.parametrize("role", declared.roles())
def test_roles_with_their_variables(role):
    shown = page(f"reference/roles/{role}")
    inputs, outputs = declared.inputs_of(role), declared.outputs_of(role)
    assert f"role-{role}" in shown.ids
    assert f"roles/{role}.html" in str(page("reference/roles").article)
    assert [name for name in inputs | outputs if f"rolevar-{role}.{name}" not in shown.ids] == []
    # A name that is both is described as both.
    wanted = collections.Counter([*inputs, *outputs])
    assert wanted - collections.Counter(shown.terms()) == collections.Counter()


def test_jobs_with_their_variables():
    shown = page("reference/jobs")
    jobs = declared.jobs()
    assert len(jobs) > 5
    wanted = {f"job-{job['name']}" for job in jobs}
    wanted |= {f"jobvar-{job['name']}.{name}" for job in jobs for name in declared.jobvars_of(job)}
    assert wanted - shown.ids == set()
    assert [job["name"] for job in jobs if not job.get("description", "").strip()] == []


def test_variables_that_jobs_set():
    known = known_variables()
    wrong = [(job["name"], name) for job in declared.jobs() for name in set(job.get("vars", {})) - known]
    assert wrong == []


def test_variables_that_playbooks_take():
    known = known_variables()
    assert len(declared.playbooks()) > 3
    taken = {path: declared.taken_by(path) for path in declared.playbooks()}
    assert "tox_extra_args" in set().union(*taken.values())
    assert {(path, name) for path, names in taken.items() for name in names - known} == set()


def test_words_and_options_of_the_command_line(monkeypatch):
    shown = page("reference/commands")
    parsers = declared.parsers(monkeypatch)
    assert {"", "ensure", "venvs install", "precache lock", "precache copy", "audit"} <= set(parsers)
    for words, parser in parsers.items():
        section = shown.at("command-" + (words.replace(" ", "-") or "testnode-python"))
        assert section is not None, words
        text = section.find("pre").get_text()
        assert text.startswith("usage: " + f"testnode-python {words}".strip()), words
        options = {option for action in parser._actions for option in action.option_strings}
        assert options - set(re.findall(r"--?[\w-]+", text)) == set(), words
        others = [action for action in parser._actions if not action.option_strings and not action.choices]
        for action in others:
            assert re.search(rf"\b{action.metavar or action.dest}\b", text), (words, action.dest)
        for word in declared.words_of(parser):
            assert f"    {word} " in text, (words, word)


def test_modules_with_options_and_return_values():
    shown = page("reference/modules")
    for module, names in declared.modules().items():
        section = shown.at(module.replace("_", "-"))
        assert section is not None, module
        terms = {term.find("code").get_text() for term in section.find_all("dt")}
        assert names - terms == set(), module


def test_elements_with_their_variables():
    shown = page("reference/elements")
    elements = declared.elements()
    assert any(elements.values())
    assert [name for name in elements if shown.at(name) is None] == []
    assert set().union(*elements.values()) - set(shown.terms()) == set()


FORMATS = [
    ("format-outcome", outcome.Outcome._fields + outcome.Attempt._fields + ("links", "removed", "error")),
    ("format-outcome", venvs.Venv._fields),
    ("format-receipt", receipts.Receipt._fields + receipts.Package._fields + ("format", receipts.FILE_NAME)),
    ("format-precache", manifest.Manifest._fields + ("format",)),
    ("format-precache", manifest.Wheel._fields + manifest.GetPip._fields + manifest.Locked._fields),
    ("format-precache", tuple({*manifest.Target._fields, *tools.Tool._fields} - {"name"})),
    ("format-precache", build.Built._fields + locks.Change._fields + show.Shown._fields),
    ("format-precache", Finding._fields + Copied._fields),
    ("format-toolset", tuple(toolset._TOOL_KEYS) + toolset.INDISPENSABLE),
    ("format-locks", (locks.UNLOCKED,)),
    ("format-audit", report.Unmanaged._fields + pythons.Python._fields + audit_venvs.Environment._fields),
    ("format-audit", sitepackages.Site._fields + sitepackages.Distribution._fields),
    ("format-audit", pathcommands.Command._fields + pins.Pin._fields + stored.Stored._fields),
]


@pytest.mark.parametrize("anchor, names", FORMATS)
def test_file_formats(anchor, names):
    section = page("reference/formats").at(anchor)
    text = " ".join(code.get_text() for code in section.find_all(["code", "pre"]))
    words = set(text.replace(".", " ").replace("/", " ").replace("<", " ").split()) | set(text.split())
    assert [name for name in names if not {name, *name.split("/")} & words and f"{name}" not in text] == []


def test_keys_of_the_audit(tmp_path):
    section = page("reference/formats").at("format-audit")
    shown = {row.find("code").get_text() for row in section.find_all("tr")}
    assert set(report.make(str(tmp_path)).as_dict()) == shown
