"""Rules for the code itself, so that nobody has to remember them in a review."""

import ast
import configparser
import functools
import os
import pathlib
import re
import sys
import unittest

from tools import embed_library

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "library" / "module_utils" / "testnode_python"
BUILDER = PACKAGE / "builder"
MAX_LINES = 400
MAX_POSITIONAL = 5

# Each side effect has one door: these modules are imported only there.
SEAMS = {
    "subprocess": {"commands.py"},
    "socket": {"network.py"},
    "ssl": {"network.py"},
    "http": {"network.py"},
    "urllib.request": {"network.py"},
    "urllib.error": {"network.py"},
    "requests": {"builder/downloads.py"},
}
# Run in another interpreter, with this wheel put on its path (runners/__init__.py says how).
FOREIGN = {"runners/environment.py": {"installer"}, "runners/site_install.py": {"installer"}}

# Most of these is written by tools/embed_library.py.
GENERATED = {path.relative_to(ROOT).as_posix() for path in embed_library.FILES}

# Methods of the standard library that ours replace: it says what they take.
OVERRIDES = {"redirect_request"}

HIDDEN = {".ansible-lint", ".ci", ".gitignore", ".stestr.conf", ".yamllint"}
LITTER = {"AUTHORS", "ChangeLog", "__pycache__", "build", "dist"}


@functools.lru_cache(maxsize=None)
def committed():
    """Return the files that are or could be committed: no builds, and of what is hidden only our own."""

    def ours(name):
        hidden = name.startswith(".") and name not in HIDDEN
        return not hidden and name not in LITTER and not name.endswith((".egg-info", ".pyc", ".pyz", ".whl"))

    found = []
    for folder, folders, files in os.walk(str(ROOT)):
        folders[:] = sorted(filter(ours, folders))
        found += [pathlib.Path(folder, name) for name in sorted(filter(ours, files))]
    return found


# The image side is written for it, and older ones cannot read it.
NEW_ENOUGH = unittest.skipIf(sys.version_info < (3, 10), "reads the image side, as Python 3.10 can")


def python_files():
    """Return our Python files, tests and programs without a suffix included."""
    return [path for path in committed() if path.suffix == ".py" or path == ROOT / "testnode-python"]


def node_side():
    """Return the files that run on nodes."""
    return [path for path in sorted(PACKAGE.rglob("*.py")) if BUILDER not in path.parents]


def name_of(path):
    """Return a file's name as the tables above and the messages have it."""
    base = PACKAGE if PACKAGE in path.parents else ROOT
    return path.relative_to(base).as_posix()


def tree_of(path):
    """Return the file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(tree):
    """Return the dotted names of all absolute imports of a tree, ``a.b`` for ``from a import b`` too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names += ["{}.{}".format(node.module, alias.name) for alias in node.names]
    return names


def functions(tree):
    """Return the function definitions of a tree, and whether each is a method."""
    methods = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            methods.update(id(child) for child in node.body)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node, id(node) in methods) for node in ast.walk(tree) if isinstance(node, kinds)]


def public(body):
    """Return the public classes and functions of a module or class body, and those in public classes."""
    found = []
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            found.append(node)
            if isinstance(node, ast.ClassDef):
                found += public(node.body)
    return found


class NodeSideTest(unittest.TestCase):
    """The node has a Python 3.6 and nothing else."""

    @unittest.skipIf(sys.version_info < (3, 10), "sys.stdlib_module_names is new in 3.10")
    def test_only_the_standard_library_is_imported(self):
        # distutils left in 3.12; importing it is a mistake too, as Debian splits it off.
        # tomllib came in 3.11, and is imported where it is.
        standard = set(sys.stdlib_module_names) - {"distutils"} | {"tomllib"}
        wrong = [
            (name_of(path), name)
            for path in node_side()
            for name in imported(tree_of(path))
            if name.partition(".")[0] not in standard | FOREIGN.get(name_of(path), set())
        ]
        self.assertEqual([], wrong)

    @unittest.skipIf(sys.version_info < (3, 8), "feature_version is new in 3.8")
    def test_it_is_written_in_the_language_of_python_3_6(self):
        for path in node_side() + embed_library.FILES + [ROOT / "testnode-python"]:
            with self.subTest(name_of(path)):
                ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 6))


@NEW_ENOUGH
class LayoutTest(unittest.TestCase):
    """What lets the package run from a checkout, a wheel, a zip file and an Ansible module."""

    def test_the_rules_see_the_files(self):
        names = {name_of(path) for path in python_files()}
        self.assertLessEqual({"manifest.py", "commands.py", "builder/__init__.py"}, names)
        self.assertIn("setup.cfg", {path.name for path in committed()})

    def test_imports_inside_the_package_are_relative(self):
        wrong = [
            (name_of(path), name)
            for path in sorted(PACKAGE.rglob("*.py"))
            for name in imported(tree_of(path))
            if name.partition(".")[0] == "testnode_python"
        ]
        self.assertEqual([], wrong)

    def test_every_package_folder_has_an_init(self):
        folders = {path.parent for path in PACKAGE.rglob("*.py")}
        self.assertEqual(
            [], [name_of(folder) for folder in folders if not (folder / "__init__.py").is_file()]
        )

    def test_side_effects_have_one_door_each(self):
        wrong = [
            (name_of(path), name)
            for path in sorted(PACKAGE.rglob("*.py"))
            for name in imported(tree_of(path))
            for seam, doors in SEAMS.items()
            if (name + ".").startswith(seam + ".") and name_of(path) not in doors
        ]
        self.assertEqual([], wrong)


@NEW_ENOUGH
class ReadabilityTest(unittest.TestCase):
    """Limits that keep a file and a call readable."""

    def test_every_module_and_public_name_has_a_docstring(self):
        wrong = []
        for path in sorted(PACKAGE.rglob("*.py")):
            tree = tree_of(path)
            wrong += [
                "{}: {}".format(name_of(path), getattr(node, "name", "the module"))
                for node in [tree] + public(tree.body)
                if not ast.get_docstring(node)
            ]
        self.assertEqual([], wrong)

    def test_no_function_takes_more_than_five_positional_arguments(self):
        wrong = []
        for path in python_files():
            for node, is_method in functions(tree_of(path)):
                static = any(getattr(word, "id", "") == "staticmethod" for word in node.decorator_list)
                count = len(getattr(node.args, "posonlyargs", []) + node.args.args) - int(
                    is_method and not static
                )
                if count > MAX_POSITIONAL and node.name not in OVERRIDES:
                    wrong.append("{}: {} takes {}".format(name_of(path), node.name, count))
        self.assertEqual([], wrong)

    def test_no_file_is_longer_than_four_hundred_lines(self):
        counts = [
            (name_of(path), len(path.read_text(encoding="utf-8").splitlines()))
            for path in python_files()
            if name_of(path) not in GENERATED
        ]
        self.assertEqual([], [(name, count) for name, count in counts if count > MAX_LINES])


class RepositoryTest(unittest.TestCase):
    """What is committed holds on any machine."""

    def test_no_file_names_a_path_of_the_machine_it_was_written_on(self):
        # /home is left out: the users of nodes and of examples live there.
        machine = re.compile(r"(?<![\w.~}])/(?:root|work)/[\w.]+")
        wrong = []
        for path in committed():
            text = path.read_text(encoding="utf-8", errors="replace")
            wrong += ["{}: {}".format(name_of(path), match.group()) for match in machine.finditer(text)]
        self.assertEqual([], wrong)

    def test_the_test_requirements_and_the_extra_name_the_same_builder_libraries(self):
        setup = configparser.ConfigParser()
        setup.read(str(ROOT / "setup.cfg"))
        extra = setup["options.extras_require"]["builder"].strip().splitlines()
        lines = (ROOT / "test-requirements.txt").read_text(encoding="utf-8").splitlines()
        marked = [line for line in lines if line.endswith(("; python_version >= '3.10'", "== '3.10'"))]
        self.assertEqual(
            {line.partition(";")[0] for line in extra}, {line.partition(";")[0] for line in marked}
        )
