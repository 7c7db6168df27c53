"""What holds for every role: variables, specs and READMEs that agree with each other and with the modules."""

import ast
import os
import pathlib
import re
import unittest

from testnode_python.outcome import Outcome

from tools import embed_library

try:
    import yaml
except ImportError:  # it has no release for the oldest Pythons
    yaml = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIBRARY = ROOT / "library"
ROLES = {path.name: path for path in sorted((ROOT / "roles").iterdir()) if path.is_dir()}
LINKS = {"library": "../../library/modules", "module_utils": "../../library/module_utils"}

# What zuul-jobs' roles of the same names take; jobs set these, so they stay.
KEPT = {
    "ensure-pip": {
        "ensure_pip_from_packages",
        "ensure_pip_from_packages_with_python2",
        "ensure_pip_from_upstream",
        "ensure_pip_from_upstream_interpreters",
        "ensure_pip_from_upstream_url",
        "ensure_pip_virtualenv_command",
    },
    "ensure-tox": {
        "ensure_global_symlinks",
        "ensure_tox_version",
        "tox_executable",
        "tox_prefer_python2",
        "tox_venv_path",
    },
}
# What a role of zuul-jobs exports because it runs another one.
PASSED_ON = {"ensure-tox": {"ensure_pip_virtualenv_command"}}
# URLs, in which passwords may stand.
SECRETS = ("_mirrors", "_url")
# Roles that make no tool ready.
WITHOUT_OUTCOME = {"audit-python", "install-python-precache", "report-python-tools"}
WITHOUT_MODULE = {"report-python-tools"}
# What tells of outcomes asks no source, and has no errors of its own.
WITHOUT_SECTIONS = {"report-python-tools": {"Sources", "Errors"}}
SECTIONS = [
    "Role Variables",
    "Output Variables",
    "Sources",
    "Example",
    "Errors",
    "Compared with zuul-jobs",
]

_ROLEVAR = re.compile(r"^\.\. zuul:rolevar:: (\w+)\n((?:   :\w+:.*\n)*)", re.MULTILINE)
_FORBIDDEN = re.compile(r"\b(shell|raw|script|win_shell):|\{%")
# A sentence of the library that is long enough to be known again.
_SENTENCE = 8

NEEDS_YAML = unittest.skipIf(yaml is None, "reads YAML, which takes PyYAML")


def load(path):
    """Return the content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def defaults_of(role):
    """Return a role's inputs that have a default."""
    path = ROLES[role] / "defaults" / "main.yaml"
    return load(path) if path.exists() else {}


def options_of(role):
    """Return the options of a role's argument spec."""
    return load(ROLES[role] / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]


def tasks_of(role):
    """Return a role's tasks and blocks, those in blocks too."""

    def flat(tasks):
        for task in tasks:
            yield task
            for key in ("block", "rescue", "always"):
                yield from flat(task.get(key, []))

    return [task for path in sorted((ROLES[role] / "tasks").iterdir()) for task in flat(load(path))]


def calls_of(role):
    """Return what a role's tasks give our modules: pairs of a module's name and arguments."""
    given = [each for task in tasks_of(role) for each in (task, task.get("module_defaults", {}))]
    return [(name, each[name] or {}) for each in given for name in set(each) & set(modules())]


def module_facts_of(role):
    """Return the facts that a role has of its modules, each with the modules that set it."""
    facts = {}
    for module, arguments in calls_of(role):
        for name in (arguments[key] for key in ("outcome_fact", "outcomes_fact") if key in arguments):
            facts.setdefault(name, set()).add(module)
    return facts


def facts_of(role):
    """Return the facts that a role exports, and whether each is cached; those of modules always are."""
    sets = [task["ansible.builtin.set_fact"] for task in tasks_of(role) if "ansible.builtin.set_fact" in task]
    facts = {name: "cacheable" in each for each in sets for name in each if name != "cacheable"}
    return dict(facts, **dict.fromkeys(module_facts_of(role), True))


def sections_of(role):
    """Return the parts of a role's README by their headings, which are no titles: Zuul's Sphinx has none."""
    parts = re.split(r"^\*\*(.+)\*\*$", (ROLES[role] / "README.rst").read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def rolevars_of(role, section):
    """Return the variables that a part of a README describes, each with its fields."""
    return {
        name: dict(re.findall(r"^   :(\w+):[ ]*(.*)$", fields, re.MULTILINE))
        for name, fields in _ROLEVAR.findall(sections_of(role)[section])
    }


def modules():
    """Return the paths of our Ansible modules by name."""
    return {path.stem: path for path in sorted((LIBRARY / "modules").glob("*.py"))}


def argument_spec_of(path):
    """Return the argument spec that a module gives to AnsibleModule, or has for itself."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "AnsibleModule":
            return next(ast.literal_eval(each.value) for each in node.keywords if each.arg == "argument_spec")
    return constant_of(path, "ARGUMENT_SPEC")


def constant_of(path, name):
    """Return the value of a module's constant."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise AssertionError("{} has no {}".format(path, name))


def sentences():
    """Return what the library, the modules and the roles may print, as patterns."""
    found = set()
    for path in LIBRARY.rglob("*.py"):
        if "builder" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            # Constant.value; before Python 3.8, Str.s.
            texts = (value for field, value in ast.iter_fields(node) if field in ("value", "s"))
            found.update(text for text in texts if isinstance(text, str) and "\n" not in text)
    for path in (ROOT / "roles").glob("*/vars/*.yaml"):
        found.update(value.strip() for value in load(path).values() if isinstance(value, str))
    known = []
    for text in found:
        literal = re.split(r"\{[^{}]*\}", text)
        if sum(map(len, literal)) >= _SENTENCE:
            known.append(re.compile(".+?".join(map(re.escape, literal))))
    return known


class LayoutTest(unittest.TestCase):
    """What Zuul's executor and Ansible need to find, and what a task must not do."""

    def test_there_are_the_roles(self):
        self.assertLessEqual(set(KEPT) | {"ensure-python-tool", "prepare-python-tools"}, set(ROLES))

    def test_modules_and_library_are_relative_links(self):
        for role, folder in ROLES.items():
            for name, target in LINKS.items():
                with self.subTest(role=role, link=name):
                    self.assertEqual(target, os.readlink(str(folder / name)))
                    self.assertEqual(LIBRARY / pathlib.Path(target).name, (folder / name).resolve())
                    self.assertTrue((folder / name).is_dir())

    def test_no_task_uses_a_shell_or_control_flow_of_jinja(self):
        for role, folder in ROLES.items():
            for kind in ("defaults", "handlers", "meta", "tasks", "vars"):
                for path in folder.glob(kind + "/*.y*ml"):
                    with self.subTest(role=role, file=path.name):
                        self.assertIsNone(_FORBIDDEN.search(path.read_text(encoding="utf-8")))

    def test_every_readme_has_the_same_sections(self):
        for role in ROLES:
            with self.subTest(role):
                left_out = WITHOUT_SECTIONS.get(role, ())
                self.assertEqual([name for name in SECTIONS if name not in left_out], list(sections_of(role)))


@NEEDS_YAML
class VariablesTest(unittest.TestCase):
    """Defaults, argument spec, README and tasks tell the same of every variable."""

    def test_names_of_zuul_jobs_are_kept_and_all_others_bear_the_roles_name(self):
        for role, folder in ROLES.items():
            with self.subTest(role):
                kept = KEPT.get(role, set())
                self.assertLessEqual(kept, set(defaults_of(role)))
                names = set(options_of(role)) | set(facts_of(role))
                names |= {task["register"] for task in tasks_of(role) if "register" in task}
                for path in folder.glob("vars/*"):
                    names |= set(load(path))
                prefix = role.replace("-", "_") + "_"
                passed_on = PASSED_ON.get(role, set())
                self.assertEqual(
                    [], [name for name in names - kept - passed_on if not name.startswith(prefix)]
                )

    def test_the_spec_has_every_input_with_its_default(self):
        for role in ROLES:
            with self.subTest(role):
                options = options_of(role)
                required = {name for name, option in options.items() if option.get("required")}
                given = {name: option["default"] for name, option in options.items() if "default" in option}
                self.assertEqual(defaults_of(role), given)
                self.assertEqual(set(options), set(given) | required)
                self.assertEqual(set(), set(given) & required)

    def test_every_option_is_described_and_loose_enough_for_old_ansibles(self):
        fields = {"description", "type", "elements", "default", "required", "no_log"}
        for role in ROLES:
            for name, option in options_of(role).items():
                with self.subTest(role=role, option=name):
                    self.assertTrue(option["description"])
                    # `choices` and a value that is left out by default(omit) fail before ansible-core 2.19;
                    # the module has them.
                    self.assertEqual(set(), set(option) - fields)
                    self.assertEqual(option["type"] == "list", "elements" in option)
                    self.assertIs(name.endswith(SECRETS), option.get("no_log", False))

    def test_the_spec_holds_no_template(self):
        # Ansible makes it the arguments of a task, and would fill it in.
        for role, folder in ROLES.items():
            with self.subTest(role):
                text = (folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
                self.assertNotIn("{{", text)

    def test_the_readme_has_every_input_with_its_default_and_type(self):
        for role in ROLES:
            with self.subTest(role):
                described = rolevars_of(role, "Role Variables")
                self.assertEqual(set(options_of(role)), set(described))
                for name, option in options_of(role).items():
                    self.assertEqual(option["type"], described[name]["type"], name)
                    self.assertEqual("default" in option, "default" in described[name], name)
                    if "default" in option:
                        shown = yaml.safe_load(described[name]["default"])
                        self.assertEqual(option["default"], shown, name)

    def test_the_readme_has_every_output_and_all_outputs_are_cacheable(self):
        for role in ROLES:
            with self.subTest(role):
                facts = facts_of(role)
                described = rolevars_of(role, "Output Variables")
                self.assertEqual(set(facts), set(described))
                self.assertEqual({True}, set(facts.values()))
                for name, fields in described.items():
                    self.assertIn("type", fields, name)
                    # Described twice a name needs one that Sphinx does not index.
                    self.assertEqual(name in options_of(role), "noindex" in fields, name)

    def test_who_provides_sets_the_fact_of_who_looks(self):
        for role in ROLES:
            for name, setters in module_facts_of(role).items():
                with self.subTest(role=role, fact=name):
                    self.assertIn("testnode_python_find", setters)
                    self.assertEqual(2, len(setters))

    def test_the_readme_names_every_field_of_an_outcome(self):
        for role in set(ROLES) - WITHOUT_OUTCOME:
            with self.subTest(role):
                text = sections_of(role)["Output Variables"]
                named = re.findall(r"^   ``(\w+)``$", text, re.MULTILINE)
                self.assertEqual(set(Outcome._fields), set(named))

    def test_no_input_is_without_effect(self):
        for role, folder in ROLES.items():
            paths = list(folder.glob("tasks/*")) + list(folder.glob("vars/*"))
            text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
            used = set(re.findall(r"\w+", text))
            with self.subTest(role):
                self.assertEqual(set(), set(options_of(role)) - used)

    def test_the_readmes_example_is_yaml_that_uses_the_role(self):
        for role in ROLES:
            with self.subTest(role):
                example = sections_of(role)["Example"].partition(".. code-block:: yaml\n")[2]
                [play] = yaml.safe_load(example)
                self.assertEqual("all", play["hosts"])
                self.assertIn(role, str(play))
                prefix = role.replace("-", "_") + "_"
                named = set(re.findall(r"\b{}\w+(?=:)".format(prefix), example))
                self.assertLessEqual(named, set(options_of(role)))

    def test_errors_are_quoted_as_they_are_printed(self):
        known = sentences()
        for role in ROLES:
            if "Errors" in WITHOUT_SECTIONS.get(role, ()):
                continue
            blocks = re.findall(r"::\n\n((?:    .+\n)+)", sections_of(role)["Errors"])
            self.assertTrue(blocks, role)
            for line in "".join(blocks).splitlines():
                with self.subTest(role=role, line=line):
                    cure = line.partition("-> ")[2]
                    if cure:
                        self.assertTrue(any(pattern.fullmatch(cure) for pattern in known))
                    else:
                        self.assertTrue(any(pattern.search(line) for pattern in known))


@NEEDS_YAML
class ModulesTest(unittest.TestCase):
    """The modules' documentation, what they take, and what the roles give them."""

    def test_the_documentation_has_the_options_that_the_module_takes(self):
        fields = ("type", "elements", "choices", "default", "required")
        for name, path in modules().items():
            taken = argument_spec_of(path)
            described = yaml.safe_load(constant_of(path, "DOCUMENTATION"))
            self.assertEqual(name, described["module"])
            self.assertEqual(set(taken), set(described["options"]))
            for option in taken:
                for field in fields:
                    with self.subTest(module=name, option=option, field=field):
                        self.assertEqual(taken[option].get(field), described["options"][option].get(field))

    def test_urls_are_not_logged(self):
        for name, path in modules().items():
            for option, fields in argument_spec_of(path).items():
                with self.subTest(module=name, option=option):
                    self.assertIs(("_" + option).endswith(SECRETS), fields.get("no_log", False))

    def test_examples_are_yaml_and_name_only_what_the_module_takes(self):
        for name, path in modules().items():
            with self.subTest(name):
                tasks = yaml.safe_load(constant_of(path, "EXAMPLES"))
                given = [task[name] or {} for task in tasks if name in task]
                self.assertTrue(given)
                for arguments in given:
                    self.assertLessEqual(set(arguments), set(argument_spec_of(path)))

    def test_the_documented_fields_are_those_of_an_outcome(self):
        returned = yaml.safe_load(constant_of(modules()["testnode_python_tools"], "RETURN"))
        self.assertEqual(set(Outcome._fields), set(returned["outcomes"]["contains"]))

    def test_no_variable_of_a_job_gets_into_the_arguments_of_a_module_that_is_sent_as_it_is(self):
        carriers = {path.stem for path in embed_library.FILES}
        for role in ROLES:
            tasks = tasks_of(role)
            for task in tasks:
                for key in carriers & set(task):
                    with self.subTest(role=role, task=task["name"], module=key):
                        block = [each for each in tasks if id(task) in map(id, each.get("block", []))]
                        given = [each.get("vars", {}) for each in [task] + block]
                        self.assertIn({"ansible_syslog_facility": "LOG_USER"}, given)

    def test_tasks_give_a_module_only_what_it_takes(self):
        taken = {name: set(argument_spec_of(path)) for name, path in modules().items()}
        for role in ROLES:
            calls = calls_of(role)
            for name, arguments in calls:
                with self.subTest(role=role, module=name):
                    self.assertLessEqual(set(arguments), taken[name])
            self.assertIs(bool(calls), role not in WITHOUT_MODULE, role)
