"""Programs of ours that run in another interpreter."""

import os
import subprocess
import sys
import types
import zipfile

import testnode_python
from testnode_python import runners
from testnode_python.commands import Deadline
from testnode_python.errors import CommandError
from testnode_python.runners import environment, pip_main, probe

from tests.support.nodes import InAFolder

PACKAGE = os.path.dirname(testnode_python.__file__)


class RunnersTest(InAFolder):
    """Handed over as text, answering in JSON."""

    def runner(self, code):
        """Return a module with this text, as the loaders know it."""
        module = types.ModuleType("testnode_python.runners.small")
        module.__loader__ = types.SimpleNamespace(get_source=lambda name: code)
        return module

    def run_in(self, code, job=(), **options):
        options = dict({"environ": {"HOME": self.folder}}, **options)
        return runners.run_in(sys.executable, self.runner(code), job, Deadline(60), **options)

    def assert_fails(self, code, words):
        with self.assertRaises(CommandError) as caught:
            self.run_in(code)
        self.assertEqual("{} small {}".format(sys.executable, words), caught.exception.cause)
        return caught.exception

    def test_the_job_is_read_and_the_last_line_is_the_answer(self):
        code = "import json, sys\nprint('noise')\nprint(json.dumps([json.load(sys.stdin), 1]))\nprint()"
        self.assertEqual([{"a": "ü"}, 1], self.run_in(code, {"a": "ü"}))

    def test_one_that_fails_has_its_last_words_told_and_all_of_them_kept(self):
        error = self.assert_fails("import sys; sys.exit('one\\ntwo')", "failed: two")
        self.assertEqual((1, "one\ntwo"), (error.returncode, error.output))

    def test_one_that_fails_without_words_has_its_exit_code_told(self):
        self.assert_fails("import sys; sys.exit(5)", "failed: exit code 5")

    def test_one_that_gives_no_answer_has_its_output_kept(self):
        self.assertEqual("words", self.assert_fails("print('words')", "gave no answer").output)

    def test_start_gives_back_how_it_ended(self):
        result = runners.start(sys.executable, self.runner("print(1/0)"), {}, Deadline(60), environ={})
        self.assertEqual(1, result.returncode)
        self.assertIn("ZeroDivisionError", result.stderr)

    def test_it_is_isolated_unless_the_interpreter_is_to_look_as_in_a_shell(self):
        code = (
            "import json, sys; print(json.dumps([sys.flags.isolated, sys.flags.no_site, {!r} in sys.path]))"
        )
        code = code.format(self.folder)
        environ = {"PYTHONPATH": self.folder}
        self.assertEqual([1, 0, False], self.run_in(code, environ=environ))
        self.assertEqual([1, 1, False], self.run_in(code, environ=environ, flags=runners.STDLIB_ALONE))
        self.assertEqual([0, 0, True], self.run_in(code, environ=environ, flags=runners.AS_IN_A_SHELL))

    def test_they_run_out_of_a_zip_file_too(self):
        path = os.path.join(self.folder, "node.zip")
        with zipfile.ZipFile(path, "w") as archive:
            for folder, _, files in os.walk(PACKAGE):
                for name in files:
                    if name.endswith(".py"):
                        file = os.path.join(folder, name)
                        archive.write(file, os.path.relpath(file, os.path.dirname(PACKAGE)))
        code = (
            "import os, sys; sys.path.insert(0, sys.argv[1])\n"
            "from testnode_python import commands, interpreters\n"
            "found = interpreters.examine(sys.executable, commands.Deadline(60), dict(os.environ))\n"
            "print(interpreters.__file__); print(found.platform.series)"
        )
        argv = [sys.executable, "-I", "-c", code, path]
        done = subprocess.run(argv, stdout=subprocess.PIPE, check=True, cwd=self.folder, env={})
        file, series = done.stdout.decode().split()
        self.assertTrue(file.startswith(path))
        self.assertEqual("{}.{}".format(*sys.version_info[:2]), series)

    def test_the_real_ones_stand_alone(self):
        for module in (environment, pip_main, probe):
            with self.subTest(module.__name__):
                code = "import json, sys\nsys.argv = ['x']\n" + module.__loader__.get_source(module.__name__)
                code = code.replace('__name__ == "__main__"', "False") + "\nprint(json.dumps('imported'))"
                self.assertEqual("imported", self.run_in(code))
