"""Programs are run to their end, within bounds, and see only what they shall."""

import os
import select
import signal
import sys
import threading
import time
import unittest

from testnode_python import commands
from testnode_python.commands import Deadline, clean_environment, last_lines, run
from testnode_python.errors import CommandError

from tests.support.nodes import InAFolder

PLENTY = 60


def python(code):
    """Return the command line of a small program."""
    return [sys.executable, "-I", "-c", code]


class DeadlineTest(unittest.TestCase):
    """How much time there is."""

    def test_time_passes_and_never_goes_below_zero(self):
        deadline = Deadline(PLENTY)
        first = deadline.left()
        self.assertLessEqual(first, PLENTY)
        self.assertGreater(first, PLENTY - 10)
        self.assertLessEqual(deadline.left(), first)
        self.assertEqual(0.0, Deadline(-1).left())

    def test_a_share_of_the_time_ends_sooner(self):
        self.assertLessEqual(Deadline(PLENTY).sooner(1).left(), 1)

    def test_a_share_is_never_more_than_what_is_left(self):
        share = Deadline(1).sooner(PLENTY)
        self.assertLessEqual(share.left(), 1)
        self.assertLessEqual(share.seconds, 1)


class CleanEnvironmentTest(unittest.TestCase):
    """What programs get to see of the caller's variables."""

    def test_what_redirects_python_or_pip_is_not_handed_on(self):
        misleading = (
            ["PIP_TARGET", "PIP_USER", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_INDEX_URL"]
            + ["PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP", "PYTHONUSERBASE"]
            + ["VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "UV_INDEX_URL"]
        )
        self.assertEqual({}, clean_environment(dict.fromkeys(misleading, "x")))

    def test_everything_else_is(self):
        kept = {"HOME": "/h", "PATH": "/bin", "https_proxy": "http://p", "SSL_CERT_FILE": "/c", "LANG": "C"}
        given = dict(kept, PIP_USER="1")
        self.assertEqual(kept, clean_environment(given))
        self.assertIn("PIP_USER", given)


class RunTest(InAFolder):
    """One program, run."""

    def test_exit_code_and_both_outputs_come_back(self):
        code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
        self.assertEqual(commands.Result(3, "out\n", "err\n"), run(python(code), Deadline(PLENTY), {}))

    def test_it_reads_what_it_is_given_and_nothing_else(self):
        code = "import sys; print(ascii(sys.stdin.read()))"
        environ = {"PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"}
        argv = [sys.executable, "-c", code]
        self.assertEqual("'f\\xfcr'\n", run(argv, Deadline(PLENTY), environ, stdin="für").stdout)
        self.assertEqual("''\n", run(argv, Deadline(PLENTY), environ).stdout)

    def test_a_program_that_does_not_read_may_be_given_much(self):
        result = run(python("print('done')"), Deadline(PLENTY), {}, stdin="x" * 1000000)
        self.assertEqual((0, "done\n"), (result.returncode, result.stdout))

    def test_much_output_on_both_sides_does_not_block(self):
        code = "import sys; sys.stderr.write('e' * 300000); sys.stdout.write('o' * 300000)"
        result = run(python(code), Deadline(PLENTY), {})
        self.assertEqual((300000, 300000), (len(result.stdout), len(result.stderr)))

    def test_bytes_that_are_no_text_do_not_stop_it(self):
        code = "import sys; sys.stdout.buffer.write(b'a\\xffb')"
        self.assertEqual("a�b", run(python(code), Deadline(PLENTY), {}).stdout)

    def test_it_sees_the_given_variables_only(self):
        result = run(["/usr/bin/env"], Deadline(PLENTY), {"ONLY": "this"})
        self.assertEqual("ONLY=this\n", result.stdout)

    def test_it_starts_in_the_root_folder_so_that_no_file_around_is_imported(self):
        self.assertEqual("/\n", run(python("import os; print(os.getcwd())"), Deadline(PLENTY), {}).stdout)

    def test_it_is_in_a_session_of_its_own(self):
        code = "import os; print(os.getsid(0) == os.getpid())"
        self.assertEqual("True\n", run(python(code), Deadline(PLENTY), {}).stdout)

    def test_no_shell_reads_its_arguments(self):
        result = run(python("import sys; print(sys.argv[1])") + ["$HOME; `id`"], Deadline(PLENTY), {})
        self.assertEqual("$HOME; `id`\n", result.stdout)

    def test_descriptors_are_handed_on_only_where_asked(self):
        kept, other = os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_RDONLY)
        self.addCleanup(os.close, kept)
        self.addCleanup(os.close, other)
        os.set_inheritable(other, True)
        code = "import os, sys\nfor each in sys.argv[1:]: print(os.path.exists('/proc/self/fd/' + each))"
        result = run(python(code) + [str(kept), str(other)], Deadline(PLENTY), {}, keep_open=(kept,))
        self.assertEqual("True\nFalse\n", result.stdout)

    def test_what_cannot_be_started_is_named(self):
        for path in (os.path.join(self.folder, "absent"), self.folder, self.write("text", "x"), "a\0b"):
            with self.subTest(path):
                with self.assertRaises(CommandError) as caught:
                    run([path], Deadline(PLENTY), {})
                self.assertIn("{} cannot be started: ".format(path), str(caught.exception))
                self.assertEqual([path], caught.exception.argv)
                self.assertIsNone(caught.exception.returncode)


class EndTest(InAFolder):
    """What does not end by itself is ended, with all that it started.

    All of it inherits one end of a pipe: when that is closed, all of it has ended.
    """

    def setUp(self):
        super().setUp()
        self.ours, self.theirs = os.pipe()
        self.addCleanup(os.close, self.ours)
        self.addCleanup(self.close_theirs)

    def close_theirs(self):
        if self.theirs is not None:
            os.close(self.theirs)
            self.theirs = None

    def wait_for(self, word):
        """Wait until a program has written a word to the pipe, b"" for the end of the last one."""
        self.assertEqual([self.ours], select.select([self.ours], [], [], PLENTY)[0])
        self.assertEqual(word, os.read(self.ours, len(word) or 1))

    def hanging(self):
        # It is up when its input has ended: then somebody waits for it already.
        up = "cat; echo up > /proc/self/fd/{}".format(self.theirs)
        return self.script("hang", "echo words >&2", "sleep 60 &", up, "wait")

    def test_when_the_time_is_over_it_and_its_children_are_killed(self):
        path = self.hanging()
        with self.assertRaises(CommandError) as caught:
            run([path], Deadline(1), {"PATH": os.defpath}, keep_open=(self.theirs,))
        self.assertEqual("{} did not end within 1 s".format(path), str(caught.exception))
        self.assertEqual("words", caught.exception.output)
        self.assertIsNone(caught.exception.returncode)
        self.close_theirs()
        self.wait_for(b"up\n")
        self.wait_for(b"")

    def test_a_deadline_that_is_over_kills_at_once(self):
        begun = time.monotonic()
        with self.assertRaises(CommandError):
            run(["/bin/sleep", "60"], Deadline(0), {})
        self.assertLess(time.monotonic() - begun, 30)

    def test_a_child_that_left_the_session_and_holds_the_output_keeps_nobody_waiting(self):
        pid_file = os.path.join(self.folder, "pid")
        code = (
            "import os, signal, sys\n"
            "if os.fork() == 0:\n"
            "    os.setsid()\n"
            "    with open({!r}, 'w') as file: file.write(str(os.getpid()))\n"
            "    os.write({}, b'up')\n"
            "signal.pause()\n"
        ).format(pid_file, self.theirs)
        begun = time.monotonic()
        with self.assertRaises(CommandError):
            run(python(code), Deadline(1), {}, keep_open=(self.theirs,))
        self.wait_for(b"up")
        self.assertLess(time.monotonic() - begun, 30)
        with open(pid_file) as file:
            os.kill(int(file.read()), signal.SIGKILL)
        self.close_theirs()
        self.wait_for(b"")

    def test_an_interrupt_of_ours_ends_it_too(self):
        class Interrupted(BaseException):
            pass

        def interrupt(number, frame):
            raise Interrupted()

        def wait_and_interrupt():
            if select.select([self.ours], [], [], PLENTY)[0]:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

        self.addCleanup(signal.signal, signal.SIGUSR1, signal.signal(signal.SIGUSR1, interrupt))
        thread = threading.Thread(target=wait_and_interrupt)
        thread.start()
        self.addCleanup(thread.join)
        with self.assertRaises(Interrupted):
            run([self.hanging()], Deadline(PLENTY * 2), {"PATH": os.defpath}, keep_open=(self.theirs,))
        self.close_theirs()
        self.wait_for(b"up\n")
        self.wait_for(b"")


class LastLinesTest(unittest.TestCase):
    """The end of an output."""

    def test_a_short_output_is_whole(self):
        self.assertEqual("one\ntwo", last_lines("\none\ntwo\n\n"))

    def test_of_a_long_one_the_end_is_kept(self):
        lines = ["line {}".format(number) for number in range(50)]
        self.assertEqual("\n".join(lines[-12:]), last_lines("\n".join(lines)))

    def test_secrets_of_urls_are_not(self):
        self.assertEqual("no answer from https://host/x", last_lines("no answer from https://a:b@host/x?c=d"))
