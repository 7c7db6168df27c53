"""Who may become root, by a sudo of our own making."""

import os
import time
from unittest import mock

from testnode_python import privileges

from tests.support.nodes import InAFolder, clean_environ


class MayBecomeRootTest(InAFolder):
    """Root may, and who has a sudo that asks for nothing."""

    def setUp(self):
        super().setUp()
        self.proof = os.path.join(self.folder, "proof")
        self.environ = clean_environ(self.folder, SEEN="by sudo")
        self.become(1000)

    def become(self, uid):
        patch = mock.patch.object(os, "geteuid", lambda: uid)
        patch.start()
        self.addCleanup(patch.stop)

    def sudo(self, *lines, folder="bin"):
        return self.script(folder + "/sudo", 'echo "$SEEN: $*" >> {}'.format(self.proof), *lines)

    def asked(self):
        """Return what sudo was asked for."""
        if not os.path.exists(self.proof):
            return []
        with open(self.proof) as file:
            return file.read().splitlines()

    def test_root_need_not_ask(self):
        self.sudo("exit 1")
        self.become(0)
        self.assertIs(True, privileges.may_become_root(self.environ))
        self.assertEqual([], self.asked())

    def test_who_has_a_sudo_that_agrees_may(self):
        self.sudo("exit 0")
        self.assertIs(True, privileges.may_become_root(self.environ))
        # It must not ask for a password, and do nothing.
        self.assertEqual(["by sudo: -n true"], self.asked())

    def test_who_has_one_that_refuses_may_not(self):
        self.sudo("echo sudo: a password is required >&2", "exit 1")
        self.assertIs(False, privileges.may_become_root(self.environ))
        self.assertEqual(1, len(self.asked()))

    def test_who_has_none_may_not(self):
        self.assertIs(False, privileges.may_become_root(self.environ))

    def test_it_is_the_callers_path_that_counts_not_our_own(self):
        self.sudo("exit 0", folder="ours")
        with mock.patch.dict(os.environ, {"PATH": self.folder + "/ours"}):
            self.assertIs(False, privileges.may_become_root(self.environ))
            self.assertEqual([], self.asked())
            self.sudo("exit 0")
            self.assertIs(True, privileges.may_become_root(self.environ))

    def test_one_that_cannot_be_run_is_none(self):
        os.chmod(self.sudo("exit 0"), 0o644)
        self.assertIs(False, privileges.may_become_root(self.environ))

    def test_one_that_hangs_does_not_count_for_long(self):
        self.sudo("exec /bin/sleep 60")
        begun = time.monotonic()
        with mock.patch.object(privileges, "_SECONDS", 0.2):
            self.assertIs(False, privileges.may_become_root(self.environ))
        self.assertLess(time.monotonic() - begun, 5)

    def test_one_that_waits_for_a_password_gets_none(self):
        self.sudo("read -r password || exit 1", "exit 0")
        self.assertIs(False, privileges.may_become_root(self.environ))
