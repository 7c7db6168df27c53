"""The command line: what goes where, and the exit code."""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import unittest
from unittest import mock

from testnode_python import checkout, cli, precache
from testnode_python.outcome import SOURCES

from tests.support.precaches import HasPrecache

LAUNCHER = str(pathlib.Path(__file__).resolve().parents[2] / "testnode-python")
NEW_ENOUGH = unittest.skipUnless(sys.version_info >= (3, 10), "the image side needs Python 3.10")


class CliCase(HasPrecache):
    """Calls the command line in this process, with the variables of a user of its own."""

    def call(self, *argv):
        """Return exit code, standard output and standard error."""
        before = dict(os.environ)
        output, errors = io.StringIO(), io.StringIO()
        os.environ.clear()
        os.environ.update(self.environ())
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
                try:
                    status = cli.main(list(argv))
                except SystemExit as ending:
                    status = ending.code or 0
        finally:
            os.environ.clear()
            os.environ.update(before)
        return status, output.getvalue(), errors.getvalue()

    def words(self, word, *argv):
        """Return the words that ask in this node."""
        common = ["--python", sys.executable, "--precache", self.precache, "--mirror", self.mirror]
        return [word] + common + ["--venvs", self.folder + "/usr/{tool}-env"] + list(argv)

    def start(self, *argv):
        """Call the launcher; return exit code, standard output and standard error."""
        process = subprocess.Popen(
            [sys.executable, "-W", "error", LAUNCHER] + list(argv),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environ(),
            cwd=self.folder,
        )
        output, errors = process.communicate(timeout=60)
        return process.returncode, output.decode(), errors.decode()


class EnsureTest(CliCase):
    """Prints where the tool is, and on the other stream what was tried."""

    @property
    def hello(self):
        return os.path.join(self.home, ".local", "hello", "bin", "hello")

    def test_the_executable_alone_goes_to_standard_output(self):
        status, output, errors = self.call(*self.words("ensure", "hello"))
        self.assertEqual((0, self.hello + "\n"), (status, output))
        lines = errors.splitlines()
        self.assertRegex(lines[0], r"^system    no hello on PATH; .*  \([0-9.]+ s\)$")
        self.assertRegex(lines[1], r"^precache  hello 1\.0 from the precache .*  \([0-9.]+ s\)$")
        self.assertEqual(2, len(lines))

    def test_options_may_follow_the_tool(self):
        argv = self.words("ensure", "hello")
        argv.insert(1, argv.pop())
        self.assertEqual(0, self.call(*argv)[0])

    def test_json_is_the_whole_outcome_and_the_other_stream_silent(self):
        status, output, errors = self.call(*self.words("ensure", "hello", "--json"))
        outcome = json.loads(output)
        self.assertEqual((0, ""), (status, errors))
        self.assertEqual(
            ("hello", self.hello, "1.0", "precache", True),
            tuple(outcome[name] for name in ("tool", "executable", "version", "source", "changed")),
        )
        self.assertEqual(["system", "precache"], [attempt["source"] for attempt in outcome["attempts"]])
        self.assertEqual({"source", "succeeded", "reason", "cure", "seconds"}, set(outcome["attempts"][0]))

    def test_a_failure_tells_the_reasons_once_and_then_the_cures(self):
        status, output, errors = self.call(*self.words("ensure", "other", "--sources", "system,precache"))
        self.assertEqual((1, ""), (status, output))
        lines = errors.splitlines()
        self.assertRegex(lines[0], "^system    no other on PATH")
        self.assertRegex(lines[1], "^precache  {} has no other".format(self.precache))
        self.assertEqual(
            [
                "testnode-python: other could not be made ready",
                "  precache  -> add it to the toolset and build the precache again",
            ],
            lines[2:],
        )
        self.assertEqual(1, errors.count("has no other"))

    def test_a_failure_in_json_has_every_attempt_and_its_sentence_all_of_them(self):
        status, output, errors = self.call(*self.words("ensure", "other", "--json"))
        self.assertEqual(1, status)
        outcome = json.loads(output)
        self.assertEqual("", outcome["executable"])
        self.assertEqual(list(SOURCES), [attempt["source"] for attempt in outcome["attempts"]])
        self.assertTrue(errors.startswith("testnode-python: other could not be made ready\n"))
        for attempt in outcome["attempts"]:
            self.assertIn(attempt["reason"], errors)
            self.assertIn(attempt["cure"], errors)

    def test_the_precache_alone_fails_with_file_and_cure(self):
        wheel = self.wheel("greeting")
        with open(wheel, "ab") as file:
            file.write(b"\0")
        status, output, errors = self.call(*self.words("ensure", "hello", "--sources", "precache"))
        self.assertEqual((1, ""), (status, output))
        self.assertIn("precache  {} is not the file that was locked".format(wheel), errors)
        self.assertIn("  precache  -> build the precache again, or name another one", errors)

    def test_every_option_reaches_the_request(self):
        argv = ["ensure", "t", "--version", ">=1", "--command", "c", "--executable", "/e", "--python", "p"]
        argv += ["--precache", "/pc", "--mirror", "m1", "--mirror", "m2", "--sources", "system, mirror"]
        argv += ["--venv", "/v", "--venvs", "/a/{tool}", "--venvs", "/b", "--scope", "user"]
        argv += ["--get-pip", "http://x/", "--timeout", "2.5"]
        request = cli._request(cli._parser().parse_args(argv))
        self.assertEqual(
            ("t", ">=1", "c", "/e", "p", ("system", "mirror"), "/v", ("/a/{tool}", "/b"))
            + ("/pc", ("m1", "m2"), "user", "http://x/", 2.5, None, False, (), False, False),
            tuple(request),
        )

    def test_what_is_not_said_has_its_default(self):
        request = cli._request(cli._parser().parse_args(["ensure", "t"]))
        self.assertEqual(
            ("t", "", "", "", "", ("system", "precache", "mirror"), "", ("/usr/{tool}-env",))
            + ("", (), "", "", 300.0, None, False, (), False, False),
            tuple(request),
        )

    def test_get_pip_alone_is_upstreams(self):
        request = cli._request(cli._parser().parse_args(["ensure", "pip", "--get-pip"]))
        self.assertEqual("upstream", request.get_pip)


class FindTest(CliCase):
    """Says what is there, and writes nothing."""

    def test_what_is_there_is_printed(self):
        path = self.script("home/bin/hello", "echo hello 1.0")
        self.assertEqual((0, path + "\n", ""), self.call(*self.words("find", "hello")))

    def test_what_is_not_is_told_in_a_sentence(self):
        status, output, errors = self.call(*self.words("find", "hello"))
        self.assertEqual((1, ""), (status, output))
        self.assertTrue(errors.startswith("testnode-python: hello is not there: no hello on PATH; "))
        self.assertEqual(1, errors.count("\n"))

    def test_json_tells_all(self):
        status, output, _ = self.call(*self.words("find", "hello", "--json"))
        outcome = json.loads(output)
        self.assertEqual((1, ""), (status, outcome["executable"]))
        self.assertIn("no hello on PATH", outcome["attempts"][0]["reason"])

    def test_nothing_is_written_and_no_other_source_asked_even_if_named(self):
        status = self.call(*self.words("find", "hello", "--sources", "precache"))[0]
        self.assertEqual((1, []), (status, os.listdir(self.home)))


class RunTest(CliCase):
    """Becomes the tool."""

    def setUp(self):
        super().setUp()
        self.script(
            "home/bin/hello",
            '[ "$*" = --version ] && echo hello 1.0 && exit',
            'for word in "$@"; do echo "<$word>"; done',
            "echo $$ >&2; exit 7",
        )

    def test_arguments_and_exit_code_pass_through_and_nothing_else_is_printed(self):
        arguments = ["-e", "py3", "--json", "--help", "two words", "", "--", "-x"]
        status, output, errors = self.start(*self.words("run", "hello", *arguments))
        self.assertEqual(7, status)
        self.assertEqual(["<{}>".format(word) for word in arguments], output.splitlines())
        self.assertTrue(errors.strip().isdigit(), errors)

    def test_it_is_the_same_process_afterwards(self):
        process = subprocess.Popen(
            [sys.executable, LAUNCHER] + self.words("run", "hello"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self.environ(),
        )
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.pid, int(errors))

    def test_what_had_to_be_made_is_told_before_it_runs(self):
        os.unlink(self.home + "/bin/hello")
        status, output, errors = self.start(*self.words("run", "hello", "--version"))
        self.assertEqual((0, "hello 1.0\n"), (status, output))
        self.assertRegex(errors, r"^precache  hello 1\.0 from .*\n$")
        self.assertEqual((0, "hello 1.0\n", ""), self.start(*self.words("run", "hello", "--version")))

    def test_a_failure_tells_every_rung(self):
        status, output, errors = self.call(*self.words("run", "other"))
        self.assertEqual((1, ""), (status, output))
        _, _, end = errors.partition("testnode-python: other could not be made ready\n")
        for words in ("  system    no other on PATH", "  precache  ", "            -> add it", "  mirror  "):
            self.assertIn(words, end)

    def test_what_cannot_be_started_after_all_is_told(self):
        # It tells its version to us but is gone when it is to be run.
        self.script("home/bin/hello", "echo hello 1.0; /bin/rm $0")
        status, output, errors = self.call(*self.words("run", "hello"))
        self.assertEqual((1, ""), (status, output))
        self.assertIn("bin/hello cannot be started: No such file or directory", errors)


class UsageTest(CliCase):
    """Wrong usage is one sentence and 2."""

    def test_wrong_words_are_told_in_one_sentence(self):
        for argv, words in (
            (["ensure"], "the following arguments are required: TOOL; 'testnode-python ensure --help'"),
            (["run"], "the following arguments are required: TOOL; 'testnode-python run --help'"),
            (["frob"], "invalid choice: 'frob'"),
            (["ensure", "hello", "--bogus"], "unrecognized arguments: --bogus"),
            (["ensure", "hello", "--vers", "1"], "unrecognized arguments: --vers 1"),
            (["ensure", "hello", "more"], "unrecognized arguments: more"),
            (["ensure", "hello", "--timeout", "soon"], "--timeout: 'soon' is no number"),
            (["ensure", "hello", "--timeout", "0"], "--timeout: '0' is no number"),
            (["ensure", "hello", "--timeout", "nan"], "--timeout: 'nan' is no number"),
            (["ensure", "hello", "--timeout", "1e12"], "--timeout: '1e12' is no number"),
            (["ensure", "hello", "--version"], "--version: expected one argument"),
            (["ensure", "hello", "--version", "4"], "'4' is not a version specifier"),
            (["ensure", "hello==4"], "'hello==4' is not the name of a tool"),
            (["ensure", "../hello"], "'../hello' is not the name of a tool"),
            (["ensure", "hello", "--command", "../x"], "'../x' is not the name of a command"),
            (["ensure", "hello", "--sources", "here"], "'here' is no source; choose from system, precache"),
            (["ensure", "hello", "--sources", ""], "'' is no source"),
            (["ensure", "pip", "--scope", "mine"], "'mine' is no scope; choose user or global"),
            (["ensure", "hello", "--venvs", "/opt/{name}"], "'/opt/{name}' is no pattern"),
            (["ensure", "hello", "--python", "python9.9"], "there is no program 'python9.9'"),
        ):
            with self.subTest(argv):
                status, output, errors = self.call(*argv)
                self.assertEqual((2, ""), (status, output))
                self.assertIn(words, errors)
                sentence = errors.splitlines()[-1]
                self.assertTrue(sentence.startswith("testnode-python: "), errors)
                self.assertNotIn("Traceback", errors)

    def test_wrong_usage_in_json_prints_no_half_of_it(self):
        self.assertEqual((2, ""), self.call("ensure", "hello==4", "--json")[:2])

    def test_no_word_at_all_shows_what_there_is(self):
        status, output, errors = self.call()
        self.assertEqual((2, ""), (status, output))
        for words in ("ensure ", "find ", "run ", "precache ", "examples:", "exit codes:"):
            self.assertIn(words, errors)

    def test_help_goes_to_standard_output(self):
        status, output, errors = self.call("--help")
        self.assertEqual((0, ""), (status, errors))
        self.assertIn("testnode-python WORD [options]", output)

    def test_the_help_of_each_word_has_its_options_in_groups_and_an_example(self):
        for word in ("ensure", "find", "run"):
            with self.subTest(word):
                status, output, _ = self.call(word, "--help")
                self.assertEqual(0, status)
                self.assertIn("usage: testnode-python {} ".format(word), output)
                for words in ("what is wanted:", "where it may come from:", "where it goes:", "example:"):
                    self.assertIn(words, output)
                self.assertLessEqual(max(map(len, output.splitlines())), 100)

    def test_the_installed_program_ends_with_the_exit_code(self):
        self.addCleanup(setattr, sys, "argv", sys.argv)
        sys.argv = ["testnode-python", "ensure", "hello==4"]
        with self.assertRaises(SystemExit) as caught, contextlib.redirect_stderr(io.StringIO()):
            cli.program()
        self.assertEqual(2, caught.exception.code)

    def test_an_interrupt_ends_it_as_a_shell_would(self):
        def interrupt(argv):
            raise KeyboardInterrupt

        self.assertEqual(130, cli._guarded(interrupt, []))

    def test_a_bug_keeps_its_traceback(self):
        def stumble(argv):
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            cli._guarded(stumble, [])


class PrecacheTest(CliCase):
    """The words of the image side are handed over."""

    def environ(self):
        return dict(super().environ(), PIP_INDEX_URL=self.mirror)

    def test_a_python_that_is_too_old_is_wrong_usage(self):
        self.addCleanup(setattr, checkout, "OLDEST_FOR_BUILDER", checkout.OLDEST_FOR_BUILDER)
        checkout.OLDEST_FOR_BUILDER = (9, 1)
        status, output, errors = self.call("precache", "build")
        self.assertEqual((2, ""), (status, output))
        self.assertIn("precaches are built with Python 9.1 or newer", errors)

    @NEW_ENOUGH
    def test_words_that_need_no_libraries_run_here(self):
        status, output, errors = self.call("precache", "--help")
        self.assertEqual((0, ""), (status, errors))
        self.assertIn("testnode-python precache verify DIR", output)
        self.assertEqual([], os.listdir(self.home))

    @NEW_ENOUGH
    def test_the_environment_for_the_others_is_announced_and_its_failure_told(self):
        self.addCleanup(setattr, precache, "DEFAULT_PATH", precache.DEFAULT_PATH)
        precache.DEFAULT_PATH = os.path.join(self.folder, "no-precache")
        status, output, errors = self.call("precache", "build", "--output", self.folder + "/output")
        self.assertEqual((1, ""), (status, output))
        first, second = errors.splitlines()[:2]
        self.assertRegex(first, "^testnode-python: making an environment for the image side at " + self.home)
        self.assertEqual("testnode-python: builder could not be made ready", second)

    @NEW_ENOUGH
    def test_where_the_image_side_is_not_shipped_that_is_said(self):
        with mock.patch.dict(sys.modules, {"testnode_python.builder.cli": None}):
            status, output, errors = self.call("precache", "show")
        self.assertEqual((1, ""), (status, output))
        self.assertIn("the image side is not here", errors)
        self.assertIn("pip install '.[builder]' in one", errors)

    def test_where_the_image_side_is_not_shipped_help_tells_of_the_words_that_are(self):
        with mock.patch.dict(sys.modules, {"testnode_python.builder": None}):
            status, output, errors = self.call("precache", "--help")
        self.assertEqual((0, ""), (status, errors))
        self.assertRegex(output, r"(?m)^ +verify +compare")
        self.assertIn("need a checkout", output)


class LauncherTest(CliCase):
    """testnode-python in a checkout: nothing installed."""

    def test_it_runs_from_anywhere_and_through_a_link(self):
        link = os.path.join(self.folder, "t")
        os.symlink(LAUNCHER, link)
        for program in (LAUNCHER, link):
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-W", "error", program, "find", "hello", "--json"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self.environ(),
                cwd="/",
            )
            output, errors = process.communicate(timeout=60)
            self.assertEqual(1, process.returncode, errors)
            self.assertEqual("hello", json.loads(output.decode())["tool"])

    def test_its_exit_code_is_that_of_the_command_line(self):
        self.assertEqual(2, self.start("frob")[0])
        self.assertEqual(0, self.start("--help")[0])

    def test_it_is_a_program(self):
        self.assertTrue(os.access(LAUNCHER, os.X_OK))
        with open(LAUNCHER) as file:
            self.assertEqual("#!/usr/bin/env python3\n", file.readline())
