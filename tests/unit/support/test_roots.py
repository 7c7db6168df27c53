"""What roots decide before anything is mounted."""

import os
import sys
import unittest

from tests.support import roots

new_enough = unittest.skipIf(sys.version_info < (3, 10), "nodes are made with Python 3.10 and newer")


@new_enough
class TestCacheFolder(unittest.TestCase):
    def test_the_user_s_cache_is_the_default_and_can_be_moved(self):
        home = os.path.expanduser("~/.cache/testnode-python/roots")
        self.assertEqual(home, str(roots.cache_folder({})))
        self.assertEqual("/c/testnode-python/roots", str(roots.cache_folder({"XDG_CACHE_HOME": "/c"})))
        moved = {"XDG_CACHE_HOME": "/c", "TESTNODE_PYTHON_CACHE": "/d"}
        self.assertEqual("/d/roots", str(roots.cache_folder(moved)))

    def test_a_layer_s_name_cannot_lead_elsewhere_or_into_mount_options(self):
        root = roots.Root("bookworm", ("/cache/bookworm",))
        for name in ("", "../x", "a,b", "a:b", "A"):
            with self.assertRaises(ValueError):
                root.with_layer(name, None)
