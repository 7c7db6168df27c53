"""Modules that bring their own library: they have it as it is, and what writes it there loses nothing."""

import ast
import contextlib
import importlib.util
import io
import pathlib
import sys
import traceback
import unittest
from unittest import mock

from tests.support.nodes import InAFolder
from tools import embed_library, standalone

# What Ansible looks for in a module; each changes how it is sent.
MARK = "<<INCLUDE_ANSIBLE_MODULE_{}_ARGS>>"
OTHER_MARKS = [
    "<<INCLUDE_ANSIBLE_MODULE_COMMON>>",
    "from ansible.module_utils",
    "import ansible.module_utils",
]
OTHER_MARKS += ["#Requires", "#AnsibleRequires", "WANT_JSON", "<<ANSIBLE_VERSION>>", "syslog.LOG_USER"]


def load(path):
    """Return a module, loaded but not run."""
    spec = importlib.util.spec_from_file_location("carrier", str(path))
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class LiteralTest(unittest.TestCase):
    """A text in a program."""

    def test_it_is_the_text_whatever_that_has_in_it(self):
        for text in ("", 'a "b"\n', '"""a"""\n\'b\'\n', "'''\n", "x = '''a'''\n", "a\\n\\\\'\n", "''''''\n"):
            with self.subTest(text):
                self.assertEqual("\n" + text, ast.literal_eval("(" + embed_library.literal(text) + ")"))

    def test_its_lines_are_those_of_the_text(self):
        text = '"""A \\d."""\n\nname = "x"\n'
        self.assertEqual(text, embed_library.literal(text).partition("\n")[2].rpartition("'''")[0])

    def test_what_would_become_another_text_is_refused(self):
        for text in ("\u00e9\n", "a\\", "a'", "\\'''\n"):
            with self.subTest(text), self.assertRaises(ValueError):
                embed_library.literal(text)


class ModulesTest(unittest.TestCase):
    """The modules that jobs use."""

    def test_each_has_the_files_that_it_needs_as_they_are(self):
        for path in embed_library.FILES:
            names = embed_library.needed(path) | embed_library.needed(embed_library.STANDALONE)
            files = {
                "testnode_python/" + name: "\n" + (embed_library.PACKAGE / name).read_text(encoding="utf-8")
                for name in names
            }
            with self.subTest(path.name):
                self.assertEqual(files, load(path).LIBRARY, "run python3 tools/embed_library.py")

    def test_each_has_what_imports_them_as_it_is(self):
        code = embed_library.STANDALONE.read_text(encoding="utf-8").partition(embed_library.WRITTEN)[2]
        self.assertIn("class Importer", code)
        for path in embed_library.FILES:
            with self.subTest(path.name):
                self.assertEqual(1, path.read_text(encoding="utf-8").count(code))

    def test_ansible_finds_what_it_fills_in_and_nothing_else(self):
        for path in embed_library.FILES:
            lines = path.read_text(encoding="utf-8").splitlines()
            for kind, expected in (("JSON", "# {}"), ("COMPLEX", '    return "{}"')):
                mark = MARK.format(kind)
                self.assertEqual([expected.format(mark)], [line for line in lines if mark in line])
            for mark in OTHER_MARKS:
                self.assertEqual([], [line for line in lines if mark in line])


class ImporterTest(InAFolder):
    """What imports the library that a module has."""

    def in_front(self, **files):
        """Put a library in front of all that can be imported; return what imports it."""
        library = {name: "\n" + text for name, text in files.items()}
        patch = mock.patch.object(standalone, "LIBRARY", library)
        patch.start()
        self.addCleanup(patch.stop)
        importer = standalone.Importer()
        sys.meta_path.insert(0, importer)
        self.addCleanup(sys.meta_path.remove, importer)
        self.addCleanup(
            lambda: [sys.modules.pop(name) for name in list(sys.modules) if name.startswith("mine")]
        )
        return importer

    def test_packages_and_modules_are_imported_with_their_text_and_file(self):
        files = {"mine/__init__.py": "a = 1\n", "mine/sub/__init__.py": "from .. import a\n"}
        files["mine/sub/it.py"] = "from . import a\n\n\ndef fail():\n    raise KeyError(a)\n"
        importer = self.in_front(**files)
        import mine.sub.it as it

        self.assertEqual((1, "mine.sub"), (it.a, it.__package__))
        self.assertEqual(files["mine/sub/it.py"], it.__loader__.get_source("mine.sub.it"))
        self.assertIs(importer, it.__loader__)
        told = ""
        try:
            it.fail()
        except KeyError:
            told = traceback.format_exc()
        self.assertIn('File "mine/sub/it.py", line 5, in fail\n    raise KeyError(a)\n', told)

    def test_what_it_does_not_have_it_leaves_to_others(self):
        importer = self.in_front(**{"mine/__init__.py": ""})
        self.assertIsNone(importer.find_spec("os"))
        with self.assertRaises(ImportError):
            import mine.other  # noqa: F401


class ProgramTest(InAFolder):
    """The command."""

    def run_it(self, *argv):
        """Run the program; return its exit code and what it printed."""
        output = io.StringIO()
        with contextlib.redirect_stderr(output):
            return embed_library.main(list(argv)), output.getvalue()

    def test_a_change_is_told_with_the_way_out_and_written_with_all_else_kept(self):
        self.assertEqual((0, ""), self.run_it("--check"))
        for file in embed_library.FILES:
            current = file.read_text(encoding="utf-8")
            path = self.write(file.name, current.replace("class Provision(", "class Provided("))
            words = "the library is another than in {}; run python3 tools/embed_library.py\n".format(path)
            self.assertEqual((1, words), self.run_it("--check", path))
            self.assertEqual((0, ""), self.run_it(path))
            self.assertEqual(current, pathlib.Path(path).read_text(encoding="utf-8"))

    def test_what_was_not_there_before_is_added_and_what_is_gone_removed(self):
        before = (
            "a\n" + embed_library.embedded(embed_library.BEGIN + embed_library.END, {"x.py": "x\n"}) + "b\n"
        )
        after = embed_library.embedded(before, {"y.py": "y\n"})
        self.assertEqual(before.replace("\"x.py\": r'''\nx\n", "\"y.py\": r'''\ny\n"), after)
