"""What somebody else could have arranged is not believed, not run, and not told."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

from testnode_python import configuration, discovery, environments
from testnode_python.errors import Error, UsageError

from tests.support.precaches import HasPrecache

LAUNCHER = str(pathlib.Path(__file__).resolve().parents[2] / "testnode-python")


class RunsNothingOfOthersTest(HasPrecache):
    """Root runs what root or nobody else could have written, and a Python is no tool."""

    def refusal(self, path):
        with self.assertRaises(Error) as caught:
            discovery.find(*self.asked(executable=path, sources=("system",)))
        return str(caught.exception)

    def asked(self, **options):
        node = self.node("hello", **options)
        return node.request, node

    @unittest.skipUnless(os.geteuid() == 0, "only root gives files away")
    def test_a_link_to_a_python_beside_the_venv_settings_of_another_is_not_run(self):
        mine = self.folder + "/theirs/bin/hello"
        os.makedirs(os.path.dirname(mine))
        os.symlink(os.path.realpath(sys.executable), mine)
        settings = self.write("theirs/pyvenv.cfg", "home = /usr/bin\n")
        os.chown(settings, 1234, 1234)
        self.assertIn("root does not run what others could have written", self.refusal(mine))

    @unittest.skipUnless(os.geteuid() == 0, "only root gives files away")
    def test_a_program_in_a_folder_of_another_is_not_run(self):
        program = self.script("theirs/hello", "echo hello 1.0")
        os.chown(os.path.dirname(program), 1234, 1234)
        self.assertIn("belongs to user 1234", self.refusal(program))

    def test_a_python_of_the_tools_name_is_not_the_tool(self):
        link = self.folder + "/hello"
        os.symlink(os.path.realpath(sys.executable), link)
        self.assertIn("is a Python, not hello", self.refusal(link))

    def test_an_environment_that_others_may_write_does_not_count(self):
        outcome = self.ensure("hello")
        program = os.path.realpath(outcome.executable)
        for path, mode in ((program, 0o777), (os.path.dirname(program), 0o777)):
            before = os.stat(path).st_mode & 0o777
            os.chmod(path, mode)
            self.assertIn("may be written by others", self.refusal(outcome.executable))
            os.chmod(path, before)
        self.assertTrue(discovery.find(*self.asked(executable=outcome.executable)).version)

    def test_no_umask_makes_an_environment_that_others_may_write(self):
        self.addCleanup(os.umask, os.umask(0))
        tree = os.path.realpath(self.ensure("hello").environment)
        for folder, _, files in os.walk(tree):
            for name in ["."] + files:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    self.assertEqual(0, os.stat(path).st_mode & 0o022, path)


class RightProgramTest(HasPrecache):
    """What is printed is the tool that was asked for, and it is there."""

    def test_an_environment_of_another_tool_is_not_handed_out_as_this_one(self):
        place = os.path.join(self.folder, "place")
        self.ensure("hello", venv=place)
        node = self.node("greeting", venv=place, sources=("system",))
        with self.assertRaises(Error):
            discovery.find(node.request, node)

    def test_a_command_that_the_tool_does_not_have_is_told_with_those_it_has(self):
        outcome = self.ensure("hello", command="nosuch", sources=("precache",))
        self.assertEqual("", outcome.executable)
        self.assertIn("hello has no command nosuch, but hello", outcome.attempts[1].reason)

    def test_a_name_is_taken_as_pypi_takes_it(self):
        self.assertTrue(self.ensure("Hello", sources=("precache",)).executable.endswith("/hello/bin/hello"))

    def test_two_system_places_of_one_last_name_leave_each_other_alone(self):
        one, other = (environments.Place(path, shared=True) for path in ("/usr/a/tox", "/usr/b/tox"))
        self.assertNotEqual((one.stem, one.lock), (other.stem, other.lock))


class SecretUrlTest(unittest.TestCase):
    """What cannot be taken apart is not shown."""

    def test_no_part_of_a_url_that_is_none_shows_its_secret(self):
        for url in (
            "https://bob:12/34secret@127.0.0.1/simple",
            "pypi.example.org/simple?token=secret",
            "ftp://h/simple#tok=secret",
            "https://bob:x/secret@h/simple",
        ):
            with self.subTest(url), self.assertRaises(UsageError) as caught:
                configuration.mirrors([url], {})
            self.assertNotIn("secret", str(caught.exception))


class EndTest(HasPrecache):
    """However the process ends, streams are kept apart and nothing is left running."""

    def start(self, *argv, **options):
        """Start the command line on its own, from this precache."""
        words = [sys.executable, LAUNCHER] + list(argv) + ["hello", "--python", sys.executable]
        return subprocess.Popen(words + ["--precache", self.precache], env=self.environ(), **options)

    def test_data_alone_goes_to_standard_output_where_standard_error_is_closed(self):
        with self.start("ensure", stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2)) as process:
            output = process.communicate(timeout=60)[0].decode()
        self.assertEqual((0, 1), (process.returncode, len(output.splitlines())))

    def test_an_output_that_cannot_be_written_is_told_in_a_sentence(self):
        with open("/dev/full", "w") as full:
            with self.start("ensure", stdout=full, stderr=subprocess.PIPE) as process:
                errors = process.communicate(timeout=60)[1].decode()
        self.assertEqual(1, process.returncode)
        self.assertIn("the output cannot be written", errors)
        self.assertNotIn("Traceback", errors)

    def test_a_terminated_install_takes_what_it_started_with_it(self):
        self.script("python", "echo $$ > {}/started".format(self.folder), "exec /bin/sleep 60")
        started = os.path.join(self.folder, "started")
        words = [sys.executable, LAUNCHER, "ensure", "hello", "--python", self.folder + "/python"]
        with subprocess.Popen(words, env=self.environ(), stderr=subprocess.PIPE) as process:
            until = time.monotonic() + 30
            while not (os.path.exists(started) and os.path.getsize(started)) and time.monotonic() < until:
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        self.assertEqual(128 + signal.SIGTERM, process.returncode)
        with open(started) as file:
            child = int(file.read())
        with self.assertRaises(ProcessLookupError):
            os.kill(child, 0)

    def test_a_failure_is_json_where_json_was_asked_for(self):
        with self.start(
            "ensure", "--json", "--sources", "system", stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            output = process.communicate(timeout=60)[0]
        self.assertEqual((1, ""), (process.returncode, json.loads(output.decode())["executable"]))
