"""What the reference takes from the programs themselves, so that it cannot tell another story.

``command-help`` shows what a word of the command line says of itself,
``ansible-modules`` what the modules' DOCUMENTATION, EXAMPLES and RETURN say.
"""

import ast
import json
import os
import pathlib
import re
import subprocess
import sys

import yaml
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxDirective
from zuul_sphinx.zuul import ZuulAutoJobsDirective, ZuulDomain

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ROOT / "library" / "modules"
COLUMNS = "100"
# Ansible's markup: M(module), O(option=value), V(value), RV(return value), C(code).
_MARKUP = re.compile(r"\b(?:M|O|V|RV|C)\(([^()]*)\)")


class CommandHelp(Directive):
    """``.. command-help:: venvs install``: the text of ``testnode-python venvs install --help``."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Return the text as it is printed."""
        words = self.arguments[0].split() if self.arguments else []
        argv = [sys.executable, str(ROOT / "testnode-python"), *words, "--help"]
        environ = dict(os.environ, COLUMNS=COLUMNS, NO_COLOR="1", PYTHON_COLORS="0")
        done = subprocess.run(argv, env=environ, capture_output=True, text=True)
        if done.returncode:
            raise SphinxError(f"{' '.join(argv)} ends with {done.returncode}: {done.stderr}")
        return [nodes.literal_block(done.stdout, done.stdout, language="none")]


class AnsibleModules(SphinxDirective):
    """``.. ansible-modules::``: a section for each module with what it says of itself."""

    def run(self):
        """Return the modules' options, examples and return values."""
        lines = []
        for path in sorted(MODULES.glob("*.py")):
            lines += [
                path.stem,
                "=" * len(path.stem),
                "",
                *module_lines(path.read_text(encoding="utf-8")),
                "",
            ]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def module_lines(source):
    """Return the reST of a module's documentation.

    :param str source: the module's.
    :rtype: list(str)
    """
    texts = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and node.targets[0].id in ("DOCUMENTATION", "EXAMPLES", "RETURN")
    }
    described = yaml.safe_load(texts["DOCUMENTATION"])
    lines = [described["short_description"] + ".", ""]
    for text in _listed(described["description"]):
        lines += [_marked(text), ""]
    lines += ["**Options**", ""] + _options(described["options"])
    lines += ["**Examples**", "", ".. code-block:: yaml", ""]
    lines += ["   " + line for line in texts["EXAMPLES"].strip().splitlines()] + [""]
    return lines + ["**Return values**", ""] + _options(yaml.safe_load(texts["RETURN"]))


def _options(options, indent=""):
    lines = []
    for name, option in options.items():
        kind = option.get("type", "str")
        if "elements" in option:
            kind += " of " + option["elements"]
        notes = [kind] + (["required"] if option.get("required") else [])
        if "choices" in option:
            # An empty text would be no literal.
            choices = [choice or json.dumps(choice) for choice in option["choices"]]
            notes.append("one of " + ", ".join(f"``{choice}``" for choice in choices))
        if option.get("default") not in (None, "", []):
            notes.append(f"default ``{json.dumps(option['default'])}``")
        lines += [f"{indent}``{name}`` ({'; '.join(notes)})"]
        for text in _listed(option["description"]):
            lines += [f"{indent}   {_marked(text)}", ""]
        lines += _options(option.get("contains", {}), indent + "   ")
    return lines


def _listed(texts):
    return [texts] if isinstance(texts, str) else texts


def _marked(text):
    return _MARKUP.sub(r"``\1``", text)


class AutoJobs(ZuulAutoJobsDirective):
    """``.. zuul:autojobs::``, in the order in which they are declared, each with its parent."""

    def run(self):
        """Insert the jobs' descriptions."""
        lines = []
        for job in self.zuul_layout.jobs:
            lines += [f".. zuul:job:: {job['name']}", ""]
            lines += ["   " + line for line in job.get("description", "").splitlines()]
            if "parent" in job:
                lines += ["", f"   Its parent is :zuul:job:`{job['parent']}`, whose variables it has, too."]
            lines.append("")
        self.state_machine.insert_input(lines, self.zuul_layout_path)
        return []


class Zuul(ZuulDomain):
    """zuul-sphinx's domain, whose index of objects names anchors that its pages do not have."""

    directives = dict(ZuulDomain.directives, autojobs=AutoJobs)

    def get_objects(self):
        """Yield each object with the anchor that it really has."""
        for target, (page, kind) in self.data["objects"].items():
            name = target[len(kind) + 1 :]
            yield name, f"{name} ({kind})", kind, page, target, 0


def setup(app):
    """Register the directives and the domain."""
    app.setup_extension("zuul_sphinx")
    app.add_domain(Zuul, override=True)
    app.add_directive("command-help", CommandHelp)
    app.add_directive("ansible-modules", AnsibleModules)
    # zuul-sphinx says nothing of itself, so neither can be said of the whole.
    return {"parallel_read_safe": False, "parallel_write_safe": True}
