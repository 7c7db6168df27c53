"""How a controller leaves its connections, where no node is needed to tell."""

import os
import pathlib
import shutil
import tempfile
import threading
import time
import unittest

from tests.support import controllers


class TestRemoveSockets(unittest.TestCase):
    def setUp(self):
        super().setUp()
        above = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, above)
        self.folder = pathlib.Path(above, "cp")
        self.folder.mkdir()

    def test_who_is_about_to_remove_a_socket_may_do_so(self):
        socket = self.folder / "socket"
        socket.touch()
        gone = []

        def master():
            time.sleep(0.1)
            gone.append(socket.exists())
            os.unlink(str(socket))

        thread = threading.Thread(target=master)
        thread.start()
        controllers.remove_sockets(str(self.folder), 60)
        thread.join()
        self.assertEqual([True], gone)
        self.assertFalse(self.folder.exists())

    def test_what_nobody_removes_is_removed_when_the_time_is_over(self):
        (self.folder / "socket").touch()
        controllers.remove_sockets(str(self.folder), 0.05)
        self.assertFalse(self.folder.exists())
