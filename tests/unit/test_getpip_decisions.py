"""pip for an interpreter: what is decided before anything is installed."""

import os
import sys
import tempfile
from unittest import mock

from testnode_python import getpip, sites

from tests.support.pythons import make_venv

from .test_getpip import GetPipTest


class DecisionsTest(GetPipTest):
    """Whose site, whose lock."""

    def with_facts(self, scope="", **facts):
        """Return a node whose interpreter has these facts."""
        known = {"venv": False, "global_site": self.folder + "/site", "user_site": self.folder + "/user"}
        node = self.node(sys.executable, scope=scope)
        node._interpreter = node.interpreter._replace(**dict(known, **facts))
        return node

    def test_root_installs_for_all_others_for_themselves_and_a_venv_has_but_one_site(self):
        for uid, scope in ((0, "global"), (1000, "user")):
            with mock.patch.object(os, "geteuid", lambda uid=uid: uid):
                self.assertEqual(scope, sites.scope_of(self.with_facts()))
                self.assertEqual("user", sites.scope_of(self.with_facts("user")))
                self.assertEqual("global", sites.scope_of(self.with_facts("global")))
                self.assertEqual("global", sites.scope_of(self.with_facts("user", venv=True)))

    def test_callers_that_write_into_the_same_site_lock_the_same_file(self):
        def lock(uid, *arguments, **facts):
            with mock.patch.object(os, "geteuid", lambda: uid):
                return getpip._lock_place(self.with_facts(*arguments, **facts)).lock

        self.assertEqual(self.home + "/.local/.pip.lock", lock(1000, "user"))
        self.assertEqual(self.folder + "/site/.pip.lock", lock(0, "global"))
        self.assertEqual(self.folder + "/site/.pip.lock", lock(1000, venv=True))
        self.assertRegex(
            lock(0, global_site="/usr/lib/python3/site"),
            "^/usr/local/lib/testnode-python/pip-[0-9a-f]{8}.lock$",
        )
        # Who may write into a part of /usr need not be one who may write into all of it.
        self.assertEqual(
            self.home + "/.local/.pip.lock", lock(1000, venv=True, global_site="/usr/src/venv/lib/site")
        )


class ShortOfRoomTest(GetPipTest):
    """Where nothing can be written."""

    def test_no_temporary_folder_is_a_reason(self):
        python = make_venv(self.prefix)
        with mock.patch.object(tempfile, "tempdir", "/nowhere"):
            reason = self.refused(python, "precache", get_pip="precache")
            self.assertIn("no temporary files can be written", reason)
