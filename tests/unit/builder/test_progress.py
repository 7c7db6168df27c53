"""Progress is for people on a terminal and for logs."""

import contextlib
import io
import os
import pty
import unittest
from unittest import mock

from testnode_python.builder import progress


class ProgressTest(unittest.TestCase):
    """Both kinds of stderr."""

    def test_elsewhere_it_is_a_few_plain_lines(self):
        stream = io.StringIO()
        with progress.shown("wheels", stream) as tell:
            for done in range(1, 201):
                tell(done, 200)
        self.assertEqual(
            [f"wheels: {done} of 200" for done in range(20, 201, 20)], stream.getvalue().splitlines()
        )

    def test_a_short_one_tells_every_step(self):
        stream = io.StringIO()
        with progress.shown("wheels", stream) as tell:
            tell(1, 2)
            tell(2, 2)
        self.assertEqual("wheels: 1 of 2\nwheels: 2 of 2\n", stream.getvalue())

    def on_terminal(self, kind):
        """Return what a terminal of some kind gets to see."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        with mock.patch.dict(os.environ, TERM=kind), open(theirs, "w") as stream:
            with progress.shown("wheels", stream) as tell:
                tell(3, 7)
        return self.read_all(ours)

    def test_on_a_terminal_it_is_a_bar_that_goes_away(self):
        shown = self.on_terminal("xterm")
        self.assertIn("3/7", shown)
        self.assertNotIn("wheels: 3 of 7", shown)

    def test_a_terminal_that_cannot_move_its_cursor_gets_lines(self):
        self.assertEqual("wheels: 3 of 7\r\n", self.on_terminal("dumb"))

    def read_all(self, terminal):
        """Return what was written to a terminal that nobody writes to any more."""
        content = b""
        with contextlib.suppress(OSError):  # how Linux tells its end
            while block := os.read(terminal, 4096):
                content += block
        return content.decode()
