"""What of the library goes to a node with each module: what it needs, and nothing else."""

import ast
import pathlib
import unittest

from tools import embed_library

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "library" / "modules").glob("*.py"))
PACKAGE = ROOT / "library" / "module_utils" / "testnode_python"
PREFIX = ("ansible", "module_utils", "testnode_python")
AUDIT, FINDER, PIP, PRECACHE, TOOLS, VENVS = MODULES
# Those that install for jobs; one looks first, and is small, two are for who makes images.
PROVIDERS = [PIP, TOOLS]


def files_in(folder):
    """Return the files of a folder of the package, relative to the package."""
    return {path.relative_to(PACKAGE).as_posix() for path in (PACKAGE / folder).glob("*.py")}


# Of the node side only who sits at a shell has any use for these.
COMMAND_LINE = {"cli.py", "checkout.py"} | files_in("words")
# And who makes or keeps a tool has none for the audit.
NOT_SHIPPED = COMMAND_LINE | files_in("audit")
IMAGE_SIDE = {"contents.py", "copies.py", "files.py", "venvs.py"}


def payload(module):
    """Return the files of the package that go with a module, relative to the package."""
    if module in embed_library.FILES:
        return embed_library.carried(module)
    return embed_library.needed(module, PREFIX)


class PayloadTest(unittest.TestCase):
    """The closure of the imports, lazy ones included."""

    def test_there_are_modules_and_each_is_named_like_none_of_ansibles(self):
        self.assertEqual(
            [
                "testnode_python_" + name
                for name in ("audit.py", "find.py", "pip.py", "precache.py", "tools.py", "venvs.py")
            ],
            [path.name for path in MODULES],
        )

    def test_neither_the_builder_nor_the_command_line_is_shipped(self):
        for module in MODULES:
            with self.subTest(module.name):
                shipped = payload(module)
                self.assertEqual(set(), {name for name in shipped if name.startswith("builder/")})
                self.assertEqual(set(), shipped & (COMMAND_LINE if module == AUDIT else NOT_SHIPPED))

    def test_what_is_imported_when_it_is_needed_is_shipped(self):
        lazy = {"discovery.py", "wheels.py", "mirrors.py", "getpip.py", "packages.py", "links.py"}
        runners = {
            "runners/{}.py".format(name)
            for name in ("__init__", "probe", "environment", "pip_main", "site_install")
        }
        for module in PROVIDERS:
            with self.subTest(module.name):
                self.assertEqual(set(), (lazy | runners | {"__init__.py"}) - payload(module))

    def test_all_of_the_rest_of_the_node_side_is_shipped(self):
        node_side = {
            path.relative_to(PACKAGE).as_posix()
            for path in PACKAGE.rglob("*.py")
            if PACKAGE / "builder" not in path.parents
        }
        self.assertLessEqual(NOT_SHIPPED, node_side)
        for module in PROVIDERS:
            with self.subTest(module.name):
                self.assertEqual(node_side - NOT_SHIPPED - IMAGE_SIDE, payload(module))
        self.assertLessEqual({"venvs.py", "wheels.py", "mirrors.py"}, payload(VENVS))
        self.assertLessEqual(IMAGE_SIDE - {"venvs.py"}, payload(PRECACHE))
        self.assertNotIn("ladder.py", payload(PRECACHE))

    def test_what_only_looks_ships_nothing_that_installs(self):
        installs = {
            "ladder.py",
            "provision.py",
            "wheels.py",
            "mirrors.py",
            "getpip.py",
            "pips.py",
            "network.py",
        }
        shipped = payload(FINDER)
        self.assertLessEqual({"finder.py", "discovery.py", "sites.py", "runners/probe.py"}, shipped)
        self.assertEqual(set(), shipped & (installs | {"indexes.py", "runners/environment.py"}))

    def test_what_audits_ships_the_audit_and_what_reads_receipts_and_manifests(self):
        readers = {"manifest.py", "ownership.py", "precache.py", "receipts.py", "tools.py"}
        # It asks rpm; the package's own file is on the way.
        others = {"__init__.py", "commands.py", "errors.py", "redaction.py"}
        self.assertEqual(files_in("audit") | readers | others, payload(AUDIT))

    def test_the_modules_that_ansible_packs_import_us_as_it_names_us(self):
        for module in set(MODULES) - set(embed_library.FILES):
            imports = [
                node
                for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
                if isinstance(node, ast.ImportFrom) and "testnode_python" in (node.module or "")
            ]
            with self.subTest(module.name):
                self.assertTrue(imports)
                for node in imports:
                    self.assertEqual((0, PREFIX), (node.level, tuple(node.module.split("."))[:3]))
