"""The words after ``testnode-python precache``."""

import contextlib
import io
import json
import os
import subprocess
import sys
from unittest import mock

from testnode_python.builder import cli

from tests.support.index import Index
from tests.support.server import Site

from .cases import TARGET, TOOLSET, BuilderTest


class CliTest(BuilderTest):
    """Run as a person does, in this process."""

    def setUp(self):
        super().setUp()
        self.server = self.entered(self.site())
        self.write_locks(self.server.base_url)
        self.declared = self.write("toolset.toml", TOOLSET)
        self.configure({})

    def configure(self, changes):
        """Give the process the variables of a person whose pip is not configured, but for these."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
        known = {"PIP_CONFIG_FILE": os.devnull, "HOME": self.folder, "UV_CACHE_DIR": self.folder + "/cache"}
        self.entered(mock.patch.dict(os.environ, {**kept, **known, **changes}, clear=True))

    def run_words(self, *argv):
        """Return exit code, stdout and stderr."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = cli.main(list(argv))
            except SystemExit as error:
                code = error.code
        return code, out.getvalue(), err.getvalue()

    def build_words(self, *more):
        return self.run_words("build", "--toolset", self.declared, "--output", self.output, *more)

    def test_build_prints_the_folder_on_stdout_and_the_rest_on_stderr(self):
        code, out, err = self.build_words("--no-get-pip")
        self.assertEqual((0, os.path.realpath(self.output + "/current") + "\n"), (code, out))
        self.assertIn("wheels: 4 of 4\n", err)
        self.assertIn("built: 11 files, 0.0 MB; 4 fetched, 0 taken over, 4 requests\n", err)
        self.assertIn("nothing to do: 11 files", self.build_words("--no-get-pip")[2])

    def test_build_as_json(self):
        code, out, _ = self.build_words("--no-get-pip", "--json", "--tool", "hello", "--target", TARGET)
        self.assertEqual((0, 4, True), (code, json.loads(out)["fetched"], json.loads(out)["changed"]))

    def test_build_takes_get_pip_from_the_place_that_is_named(self):
        with Site({"/files/get-pip.py": b"import sys\n"}) as place:
            self.assertEqual(0, self.build_words("--get-pip-url", place.base_url + "/files/")[0])
            self.assertIn("/files/get-pip.py", place.paths())

    def test_build_uses_the_index_that_is_named_or_configured(self):
        self.write_locks("http://127.0.0.1:9")
        with Index(self.wheels) as index:
            self.assertEqual(0, self.build_words("--no-get-pip", "--index", index.url, "--tool", "hello")[0])
            self.configure({"PIP_INDEX_URL": index.url})
            os.rename(self.output, self.output + "-old")
            self.assertEqual(0, self.build_words("--no-get-pip")[0])

    def test_lock_prints_what_changed_then_nothing(self):
        with Index(self.wheels) as index:
            words = (
                "lock",
                "--toolset",
                self.declared,
                "--index",
                index.url,
                "--tool",
                "hello",
                "--jobs",
                "2",
            )
            os.unlink(f"{self.locks}/{TARGET}/pylock.hello.toml")
            code, out, err = self.run_words(*words)
            self.assertEqual((0, ["tool", "target", "old", "new"]), (code, out.split("\n")[0].split()))
            self.assertEqual(["hello", TARGET, "-", "1.0"], out.splitlines()[1].split())
            self.assertIn("locked: 2 of 2", err)
            code, out, err = self.run_words(*words)
            self.assertEqual((0, ""), (code, out))
            self.assertIn("nothing changed", err)

    def test_lock_asks_the_configured_index_and_answers_in_json(self):
        with Index(self.wheels) as index:
            self.configure({"PIP_INDEX_URL": index.url})
            os.unlink(f"{self.locks}/{TARGET}/pylock.pip.toml")
            code, out, _ = self.run_words("lock", "--toolset", self.declared, "--tool", "pip", "--json")
            self.assertIn("/simple/pip/", index.paths())
        self.assertEqual(
            (0, [{"tool": "pip", "target": TARGET, "old": "", "new": "26.0"}]), (code, json.loads(out))
        )

    def test_verify_is_silent_or_lists_and_fails(self):
        self.build_words("--no-get-pip")
        self.assertEqual((0, "", ""), self.run_words("verify", self.output))
        wheel = "wheels/" + os.path.basename(self.tools["pip"][0])
        os.unlink(os.path.join(self.output, "current", wheel))
        code, out, err = self.run_words("verify", self.output)
        self.assertEqual((1, f"missing  {wheel}\n"), (code, out))
        self.assertIn("is not what its manifest says (files: 1); build it again", err)
        code, out, _ = self.run_words("verify", self.output, "--json")
        self.assertEqual((1, [{"path": wheel, "problem": "missing"}]), (code, json.loads(out)))

    def test_show_is_a_table_or_json(self):
        self.build_words("--no-get-pip")
        code, out, _ = self.run_words("show", self.output)
        self.assertEqual(0, code)
        self.assertIn(TARGET, out)
        code, out, _ = self.run_words("show", self.output, "--json")
        self.assertEqual("1.0", json.loads(out)["versions"]["hello"][TARGET])

    def test_what_cannot_be_done_is_a_sentence_and_1(self):
        code, out, err = self.run_words("show", self.folder)
        self.assertEqual((1, ""), (code, out))
        self.assertEqual(1, len(err.splitlines()))
        self.assertIn("testnode-python: there is no precache at", err)

    def test_wrong_usage_is_2(self):
        for argv in (
            [],
            ["bake"],
            ["build", "--get-pip-url", "https://example.org", "--no-get-pip"],
            ["lock", "--jobs", "0"],
            ["lock", "--toolset", self.folder + "/nowhere.toml"],
            ["build", "--toolset", self.declared, "--output", self.output, "--tool", "nose"],
            ["build", "--toolset", self.declared, "--output", self.output, "--no-get-pip", "--index", "pypi"],
        ):
            with self.subTest(argv):
                code, out, err = self.run_words(*argv)
                self.assertEqual((2, ""), (code, out))
                self.assertTrue(err)

    def test_every_word_has_help_with_examples(self):
        for word in ("lock", "build", "verify", "show"):
            with self.subTest(word):
                code, out, _ = self.run_words(word, "--help")
                self.assertEqual(0, code)
                self.assertIn(f"testnode-python precache {word}", out.partition("examples:")[2])
                self.assertIn("--json", out)

    def test_a_python_without_the_libraries_is_told_what_to_do(self):
        package = os.path.dirname(os.path.dirname(os.path.dirname(cli.__file__)))
        program = "import sys; from testnode_python.builder.cli import main; sys.exit(main(sys.argv[1:]))"
        argv = [sys.executable, "-S", "-c", program, "build", "--output", self.output]
        ended = subprocess.run(argv, env={"PYTHONPATH": package}, stderr=subprocess.PIPE, text=True)
        self.assertEqual(1, ended.returncode)
        self.assertIn("this Python has no ", ended.stderr)
        self.assertIn("testnode-python[builder]", ended.stderr)

    def test_the_toolset_and_locks_of_the_checkout_are_the_default(self):
        arguments = cli._parser().parse_args(["build"])
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
        self.assertEqual((root + "/toolset.toml", root + "/locks"), cli._inputs(arguments))
