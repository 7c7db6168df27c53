"""Packages of distributions: which, for what os-release says."""

import os
import unittest
from unittest import mock

from testnode_python import packages
from testnode_python.errors import Error

from tests.support.nodes import InAFolder

DEBIAN_PIP = ["python3-pip", "python3-setuptools", "python3-venv", "python3-wheel"]
RPM_PIP = ["python3-pip", "python3-setuptools", "python3-wheel"]

# As the distributions write it: Debian quotes the version only, Fedora nothing, RHEL all.
BULLSEYE = (
    'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nNAME="Debian GNU/Linux"\nVERSION_ID="11"\nID=debian\n'
)
BOOKWORM = 'VERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n'
TRIXIE = 'VERSION_ID="13"\nDEBIAN_VERSION_FULL=13.1\nID=debian\n'
SID = 'PRETTY_NAME="Debian GNU/Linux forky/sid"\nNAME="Debian GNU/Linux"\nID=debian\n'
NOBLE = 'NAME="Ubuntu"\nVERSION_ID="24.04"\nVERSION="24.04.1 LTS"\nID=ubuntu\nID_LIKE=debian\n'
FEDORA = 'NAME="Fedora Linux"\nVERSION="42 (Container Image)"\nID=fedora\nVERSION_ID=42\n'


def rhel(name, version):
    """Return os-release of RHEL or a clone."""
    return 'NAME="X"\nVERSION="{1} (Y)"\nID="{0}"\nID_LIKE="rhel centos fedora"\nVERSION_ID="{1}"\n'.format(
        name, version
    )


class NamesTest(unittest.TestCase):
    """The table."""

    def assert_names(self, expected, tool, *releases):
        for release in releases:
            with self.subTest(tool, release=release):
                self.assertEqual(expected, packages.names_of(tool, release))

    def test_pip_comes_with_what_builds_wheels_and_makes_environments(self):
        self.assert_names(DEBIAN_PIP, "pip", BULLSEYE, BOOKWORM, TRIXIE, SID, NOBLE)
        self.assert_names(RPM_PIP, "pip", FEDORA, rhel("rhel", "8.10"), rhel("centos", "8"))
        self.assert_names(RPM_PIP, "pip", rhel("rocky", "9.4"), rhel("almalinux", "9.6"), rhel("centos", "9"))
        self.assert_names(RPM_PIP[:2], "pip", rhel("rhel", "10.0"), rhel("centos", "10"))
        self.assert_names(RPM_PIP[:2], "pip", rhel("rocky", "10.1"), rhel("almalinux", "10.0"))

    def test_tools_have_the_names_of_their_family(self):
        self.assert_names(["virtualenv"], "virtualenv", BULLSEYE, BOOKWORM, TRIXIE, NOBLE)
        self.assert_names(["python3-virtualenv"], "virtualenv", FEDORA, rhel("rocky", "8.10"))
        for tool in ("tox", "nox"):
            self.assert_names([tool], tool, BOOKWORM, NOBLE, FEDORA)
        for tool in ("stestr", "build"):
            self.assert_names(["python3-" + tool], tool, BOOKWORM, NOBLE, FEDORA)
        self.assert_names(["bindep"], "bindep", BOOKWORM, NOBLE)

    def test_the_kind_of_quotes_and_the_order_do_not_matter(self):
        self.assert_names(
            RPM_PIP[:2],
            "pip",
            "ID=rhel\nVERSION_ID=10\n",
            "VERSION_ID='10.2'\nID='rhel'",
            '# ID=debian\nID="rhel"\n\nVERSION_ID="10"\n',
        )

    def test_what_is_not_known_is_said_with_what_to_set(self):
        for tool, release, words in (
            ("tox", rhel("rocky", "9.4"), "the packages of tox are not known for rocky 9.4"),
            ("virtualenv", rhel("rhel", "9.4"), "the packages of virtualenv are not known for rhel 9.4"),
            ("bindep", FEDORA, "the packages of bindep are not known for fedora 42"),
            ("pip", rhel("centos", "7"), "the packages of pip are not known for centos 7"),
            ("cowsay", BOOKWORM, "the packages of cowsay are not known for debian 12"),
            ("cowsay", SID, "the packages of cowsay are not known for debian"),
            (
                "pip",
                'ID="opensuse-leap"\nID_LIKE=suse',
                "the packages of pip are not known for opensuse-leap",
            ),
            ("pip", "", "the packages of pip are not known for this distribution"),
            ("pip", "ID=\nVERSION_ID=\n", "the packages of pip are not known for this distribution"),
        ):
            with self.subTest(tool, release=release), self.assertRaises(Error) as caught:
                packages.names_of(tool, release)
            self.assertEqual(words, caught.exception.cause)
            self.assertIn("name them: packages of the module", caught.exception.cure)
            self.assertIn("_packages", caught.exception.cure)


class HereTest(InAFolder):
    """This machine."""

    def here(self, tool, path):
        with mock.patch.object(packages, "OS_RELEASE", path):
            return packages.here(tool)

    def test_its_os_release_is_read(self):
        self.assertEqual("/etc/os-release", packages.OS_RELEASE)
        text = 'NAME="Débian"\n' + BOOKWORM
        self.assertEqual(["tox"], self.here("tox", self.write("os-release", text.encode("utf-8"))))

    def test_a_machine_without_is_an_unknown_one(self):
        with self.assertRaisesRegex(Error, "not known for this distribution"):
            self.here("tox", os.path.join(self.folder, "absent"))
