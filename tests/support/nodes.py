"""Nodes for tests: variables that owe nothing to who runs the tests, and a node that sees only these."""

import os
import shutil
import sys
import tempfile
import unittest

from testnode_python.request import DEFAULT_SOURCES, Request
from testnode_python.supplies import SuppliedNode


def clean_environ(home, *folders, **variables):
    """Return the variables of a user with an empty home and only these folders on PATH.

    :param str home: their home folder.
    :param folders: what is on PATH; the folder of a system without tools where none is given.
    :param variables: what they have set besides; an index they configured is none of PyPI's.
    :rtype: dict(str, str)
    """
    environ = {
        "HOME": str(home),
        "PATH": os.pathsep.join(map(str, folders)) or os.path.join(str(home), "bin"),
        "LC_ALL": "C.UTF-8",
        # Neither the files of the machine nor PyPI: a test that reaches for an index says which.
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    }
    environ.update(variables)
    return environ


def make_node(home, tool="hello", environ=None, **asked):
    """Return a node that is asked for a tool, with the running Python, without system-level venvs.

    :param str home: the caller's home folder.
    :param str tool: what is asked for.
    :param dict environ: the caller's variables; by default ``clean_environ(home)``.
    :param asked: further fields of Request; by default the precache is one that is not there.
    :rtype: Node
    """
    request = make_request(home, tool, **asked)
    return SuppliedNode(request, clean_environ(home) if environ is None else environ)


def make_request(home, tool="hello", **asked):
    """Return a request for a tool; arguments as of :func:`make_node`.

    :rtype: Request
    """
    known = {
        "python": sys.executable,
        "precache": os.path.join(str(home), "no-precache"),
        "venvs": (),
        "sources": DEFAULT_SOURCES,
        "timeout": 60.0,
    }
    known.update(asked)
    return Request(tool, **known)


class InAFolder(unittest.TestCase):
    """Has a folder of its own, ``folder``, gone when the test has ended."""

    def setUp(self):
        super().setUp()
        # The temporary folder may itself be a link.
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="testnode-test-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, content, mode=0o644):
        """Write a file into the folder, with the folders on its way; return its path."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb" if isinstance(content, bytes) else "w") as file:
            file.write(content)
        os.chmod(path, mode)
        return path

    def script(self, name, *lines):
        """Write a shell script that can be run; return its path."""
        return self.write(name, "\n".join(("#!/bin/sh",) + lines) + "\n", 0o755)
