"""What of this machine a root is told."""

import pathlib
import shutil
import sys
import tempfile
import unittest

from tests.support import host_settings

new_enough = unittest.skipIf(sys.version_info < (3, 10), "nodes are made with Python 3.10 and newer")


@new_enough
class TestHostSettings(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.bundle = self.write("bundle.pem", "")

    def write(self, name, text):
        file = pathlib.Path(self.folder, name)
        file.write_text(text)
        return str(file)

    def test_the_first_bundle_that_is_there_is_the_host_s(self):
        environ = {"PIP_CERT": self.folder + "/gone.pem", "SSL_CERT_FILE": self.bundle}
        self.assertEqual(self.bundle, host_settings.host_bundle(environ))

    def test_indexes_of_the_network_are_carried_over_and_folders_are_not(self):
        config = self.write(
            "pip.conf",
            "[global]\nfind-links = /wheels\nindex-url = https://one.invalid/simple\n"
            "extra-index-url = file:///wheels/simple https://two.invalid/simple\n",
        )
        settings = host_settings.host_pip_settings({"PIP_CERT": self.bundle}, [config])
        self.assertEqual(
            {
                "index-url": "https://one.invalid/simple",
                "extra-index-url": "https://two.invalid/simple",
                "cert": "/etc/ssl/certs/ca-certificates.crt",
            },
            settings,
        )

    def test_the_environment_is_stronger_than_a_file(self):
        config = self.write("pip.conf", "[global]\nindex-url = https://one.invalid/simple\n")
        environ = {"PIP_INDEX_URL": "https://two.invalid/simple", "PIP_TRUSTED_HOST": "two.invalid"}
        settings = host_settings.host_pip_settings(environ, [config])
        self.assertEqual("https://two.invalid/simple", settings["index-url"])
        self.assertEqual("two.invalid", settings["trusted-host"])
