"""Modules that bring their own library: they have it as it is, and what writes it there loses nothing."""

import ast
import contextlib
import io
import os
import pathlib
import sys
import traceback
import unittest
from unittest import mock

from tests.support.nodes import InAFolder
from tests.unit.modules import load
from tools import embed_library, standalone

# What Ansible looks for in a module; each changes how it is sent.
MARK = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"
OTHER_MARKS = [
    *("<<INCLUDE_ANSIBLE_MODULE_COMMON>>", "<<INCLUDE_ANSIBLE_MODULE_COMPLEX_ARGS>>", "<<ANSIBLE_VERSION>>"),
    *("<<SELINUX_SPECIAL_FILESYSTEMS>>", "syslog.LOG_USER", "#Requires", "#AnsibleRequires", "WANT_JSON"),
    *("from ansible.module_utils", "import ansible.module_utils"),
]
CURE = "run python3 tools/embed_library.py"


class LiteralTest(unittest.TestCase):
    """A text in a program."""

    def test_it_is_the_text_whatever_that_has_in_it(self):
        for text in ("", 'a "b"\n', '"""a"""\n\'b\'\n', "'''\n", "x = '''a'''\n", "a\\n\\\\'\n", "''''''\n"):
            with self.subTest(text):
                self.assertEqual("\n" + text, ast.literal_eval("(" + embed_library.literal(text) + ")"))

    def test_its_lines_are_those_of_the_text(self):
        text = '"""A \\d."""\n\nname = "x"\n'
        self.assertEqual(text, embed_library.literal(text).partition("\n")[2].rpartition("'''")[0])

    def test_what_would_become_another_text_is_refused_with_the_reason(self):
        for text, reason in (
            ("a\n\u00e9\n", "line 2 is not ASCII"),
            ("a\\", "a raw string cannot hold it"),
            ("a'", "a raw string cannot hold it"),
            ("\\'''\n", "a raw string cannot hold it"),
        ):
            with self.subTest(text):
                with self.assertRaises(ValueError) as caught:
                    embed_library.literal(text)
                self.assertIn(reason, str(caught.exception))


class ModulesTest(unittest.TestCase):
    """The modules that jobs use."""

    def test_each_has_the_files_that_it_needs_as_they_are(self):
        for path in embed_library.FILES:
            library = load(path.stem).LIBRARY
            names = embed_library.carried(path)
            self.assertEqual({"testnode_python/" + name for name in names}, set(library), CURE)
            for name in names:
                text = (embed_library.PACKAGE / name).read_text(encoding="utf-8")
                with self.subTest(module=path.name, file=name):
                    self.assertTrue(library["testnode_python/" + name] == "\n" + text, CURE)

    def test_each_has_what_imports_them_as_it_is(self):
        code = embed_library.STANDALONE.read_text(encoding="utf-8").partition(embed_library.WRITTEN)[2]
        self.assertIn("class Importer", code)
        for path in embed_library.FILES:
            with self.subTest(path.name):
                self.assertEqual(1, path.read_text(encoding="utf-8").count(code), CURE)

    def test_each_runs_when_it_is_a_program(self):
        for path in embed_library.FILES:
            with self.subTest(path.name):
                text = path.read_text(encoding="utf-8")
                self.assertTrue(text.endswith('\n\nif __name__ == "__main__":\n    main()\n'))

    def test_ansible_finds_what_it_fills_in_and_nothing_else(self):
        for path in embed_library.FILES:
            lines = path.read_text(encoding="utf-8").splitlines()
            filled = [line.strip() for line in lines if MARK in line]
            self.assertEqual(['given = json.loads(r"""{}""")'.format(MARK)], filled)
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
        with contextlib.redirect_stderr(output), contextlib.redirect_stdout(output):
            return embed_library.main(list(argv)), output.getvalue()

    def test_a_change_is_told_with_the_way_out_and_written_with_all_else_kept(self):
        self.assertEqual((0, ""), self.run_it("--check"))
        for file in embed_library.FILES:
            current = file.read_text(encoding="utf-8")
            path = self.write(file.name, current.replace("class Provision(", "class Provided("))
            code, words = self.run_it("--check", path)
            self.assertEqual(1, code)
            self.assertTrue(
                words.startswith(path + " does not bring the library along as it is now\n"), words
            )
            self.assertIn(CURE, words)
            self.assertEqual((0, "written: {}\n".format(path)), self.run_it(path))
            self.assertEqual(current, pathlib.Path(path).read_text(encoding="utf-8"))

    def test_what_was_not_there_before_is_added_and_what_is_gone_removed(self):
        empty = "a\n" + embed_library.BEGIN + embed_library.END + "b\n"
        before = embed_library.embedded(empty, {"x.py": "x\n"})
        after = embed_library.embedded(before, {"y.py": "y\n"})
        self.assertEqual(before.replace("\"x.py\": r'''\nx\n", "\"y.py\": r'''\ny\n"), after)

    def test_where_one_cannot_be_written_none_is(self):
        current = embed_library.FILES[0].read_text(encoding="utf-8")
        old = self.write("old.py", current.replace("class Provision(", "class Provided("))
        kept = pathlib.Path(old).read_text(encoding="utf-8")
        for broken in (
            current.replace(embed_library.BEGIN, ""),
            current.replace(embed_library.END, ""),
            current + embed_library.END,
        ):
            code, words = self.run_it(old, self.write("broken.py", broken))
            self.assertEqual((1, kept), (code, pathlib.Path(old).read_text(encoding="utf-8")))
            self.assertIn("nothing was written: it has not one line each of Begin and End", words)
        code, words = self.run_it(old, os.path.join(self.folder, "none.py"))
        self.assertEqual((1, kept), (code, pathlib.Path(old).read_text(encoding="utf-8")))
        self.assertIn("nothing was written: ", words)
        with self.assertRaises(ValueError) as caught:
            embed_library.embedded(current, {"it.py": "\u00e9\n"})
        self.assertIn("it.py: line 1 is not ASCII", str(caught.exception))
