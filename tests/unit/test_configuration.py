"""pip's configuration is read as pip reads it, and only what names sources is passed on."""

import os
import subprocess
import sys
import unittest
from unittest import mock

from testnode_python import configuration
from testnode_python.configuration import PYPI, Mirror, Setting, mirrors, pip_variables, read
from testnode_python.errors import Error, UsageError

from tests.support.nodes import InAFolder

INDEX = "https://index.example.org/simple"
OTHER = "https://other.example.org/simple"
# What of a pip.conf or of variables redirects or breaks an install.
HOSTILE = {
    "user": "yes",
    "target": "/nowhere/target",
    "prefix": "/nowhere/prefix",
    "root": "/nowhere/root",
    "require-virtualenv": "true",
    "require-hashes": "true",
    "constraint": "/nowhere/constraints.txt",
    "no-deps": "true",
    "python": "/nowhere/python",
    "isolated": "true",
    "log": "/nowhere/log",
}


class ConfigurationTest(InAFolder):
    """A home, a prefix and site folders that are the test's own."""

    def setUp(self):
        super().setUp()
        self.home = os.path.join(self.folder, "home")
        self.prefix = os.path.join(self.folder, "prefix")
        self.environ = {"HOME": self.home, "XDG_CONFIG_DIRS": os.path.join(self.folder, "site")}
        # What the machine has there is not ours to know.
        self.system_file = mock.patch.object(
            configuration, "SYSTEM_FILE", os.path.join(self.folder, "etc", "pip.conf")
        )
        self.system_file.start()
        self.addCleanup(mock.patch.stopall)

    def read(self, **variables):
        """Return the values that are read, by option."""
        settings = read(dict(self.environ, **variables), self.prefix)
        return {name: setting.value for name, setting in settings.items()}

    def conf(self, place, *lines):
        """Write a pip.conf; return its path."""
        return self.write(place, "\n".join(lines) + "\n")


class FilesTest(ConfigurationTest):
    """Which files count, and which of them wins."""

    def test_nothing_is_configured_where_nothing_is_there(self):
        self.assertEqual({}, self.read())

    def test_later_files_win_over_earlier_ones(self):
        places = [
            "site/pip/pip.conf",
            "etc/pip.conf",
            "home/.pip/pip.conf",
            "home/.config/pip/pip.conf",
            "prefix/pip.conf",
            "named.conf",
        ]
        for place in places[:-1]:
            url = "https://{}.example.org/".format(place.replace("/", "-"))
            self.conf(place, "[global]", "index-url = " + url)
            with self.subTest(place):
                self.assertEqual({"index-url": url}, self.read())
        # A named file comes instead of the user's own.
        named = self.conf("named.conf", "[global]", "extra-index-url = " + OTHER)
        self.assertEqual(
            {"index-url": "https://prefix-pip.conf.example.org/", "extra-index-url": OTHER},
            self.read(PIP_CONFIG_FILE=named),
        )
        os.remove(os.path.join(self.folder, "prefix", "pip.conf"))
        self.assertEqual("https://etc-pip.conf.example.org/", self.read(PIP_CONFIG_FILE=named)["index-url"])
        self.conf("named.conf", "[global]", "index-url = " + INDEX)
        self.assertEqual({"index-url": INDEX}, self.read(PIP_CONFIG_FILE=named))

    def test_a_named_file_that_is_not_there_leaves_the_users_files_in_force(self):
        self.conf("home/.pip/pip.conf", "[global]", "index-url = " + INDEX)
        self.assertEqual({"index-url": INDEX}, self.read(PIP_CONFIG_FILE="/nowhere/pip.conf"))

    def test_the_null_device_as_configuration_file_closes_all_files_but_no_variables(self):
        self.conf("home/.pip/pip.conf", "[global]", "index-url = " + INDEX, "no-index = true")
        self.conf("prefix/pip.conf", "[global]", "proxy = http://proxy.example.org")
        self.assertEqual({}, self.read(PIP_CONFIG_FILE=os.devnull))
        self.assertEqual({"index-url": OTHER}, self.read(PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL=OTHER))

    def test_the_desktops_folders_are_honoured(self):
        self.conf("moved/pip/pip.conf", "[global]", "index-url = " + INDEX)
        self.conf("second/pip/pip.conf", "[global]", "proxy = http://proxy.example.org")
        folders = os.pathsep.join([os.path.join(self.folder, "second"), self.environ["XDG_CONFIG_DIRS"]])
        self.assertEqual(
            {"index-url": INDEX, "proxy": "http://proxy.example.org"},
            self.read(XDG_CONFIG_HOME=os.path.join(self.folder, "moved"), XDG_CONFIG_DIRS=folders),
        )

    def test_the_section_of_install_wins_over_the_global_one_of_any_file(self):
        self.conf("site/pip/pip.conf", "[install]", "index-url = " + INDEX)
        self.conf(
            "prefix/pip.conf", "[global]", "index-url = " + OTHER, "[download]", "index-url = https://x/"
        )
        self.assertEqual({"index-url": INDEX}, self.read())

    def test_variables_win_over_files_and_say_where_a_value_stands(self):
        path = self.conf("home/.pip/pip.conf", "[install]", "index-url = " + INDEX, "cert = /ca.pem")
        settings = read(dict(self.environ, PIP_INDEX_URL=OTHER), self.prefix)
        self.assertEqual(Setting(OTHER, "PIP_INDEX_URL"), settings["index-url"])
        self.assertEqual(Setting("/ca.pem", path), settings["cert"])

    def test_what_is_empty_leaves_what_was_configured_before(self):
        self.conf("home/.pip/pip.conf", "[global]", "index-url = " + INDEX, "[install]", "index-url =")
        self.assertEqual({"index-url": INDEX}, self.read())
        self.assertEqual({"index-url": INDEX}, self.read(PIP_INDEX_URL=" ", PIP_PROXY=""))

    def test_options_may_be_spelt_with_underscores_dashes_and_capitals(self):
        self.conf("home/.pip/pip.conf", "[global]", "Index_URL = " + INDEX, "--trusted-host = a", "    b")
        self.assertEqual({"index-url": INDEX, "trusted-host": "a b"}, self.read())

    def test_percent_signs_are_no_interpolation(self):
        url = "https://user:p%40ss@index.example.org/simple"
        self.conf("home/.pip/pip.conf", "[global]", "index-url = " + url)
        self.assertEqual({"index-url": url}, self.read())

    def test_what_redirects_or_breaks_an_install_is_not_read(self):
        for section in ("global", "install"):
            lines = ["{} = {}".format(name, value) for name, value in HOSTILE.items()]
            self.conf("home/.pip/pip.conf", "[{}]".format(section), *lines)
            variables = {"PIP_" + name.upper().replace("-", "_"): value for name, value in HOSTILE.items()}
            self.assertEqual({"proxy": "http://p"}, self.read(PIP_PROXY="http://p", **variables))

    def test_a_file_that_cannot_be_understood_is_named_without_what_stands_in_it(self):
        for text, line in (
            ("index-url = https://user:hunter22@index.example.org\n", 1),
            ("[global]\nhunter22\n", 2),
            ("[global]\nproxy = a\nproxy = user:hunter22@proxy\n", 3),
        ):
            path = self.conf("home/.pip/pip.conf", text)
            with self.assertRaises(Error) as raised:
                self.read()
            self.assertIn("{} cannot be understood (line {})".format(path, line), str(raised.exception))
            self.assertNotIn("hunter22", str(raised.exception))
            self.assertIsNone(raised.exception.__cause__)
            self.assertTrue(raised.exception.__suppress_context__)

    def test_a_file_in_another_encoding_is_named(self):
        path = self.write("home/.pip/pip.conf", "[global]\nproxy = http://h\xe4user".encode("latin-1"))
        with self.assertRaisesRegex(Error, path + " cannot be understood"):
            self.read()

    def test_it_agrees_with_pip(self):
        self.system_file.stop()
        self.conf("site/pip/pip.conf", "[global]", "index-url = https://a.example.org/", "timeout = 5")
        self.conf("home/.pip/pip.conf", "[install]", "extra-index-url =", "  https://b.example.org/")
        self.conf("home/.config/pip/pip.conf", "[global]", "extra-index-url = https://c.example.org/")
        environ = dict(self.environ, PIP_TRUSTED_HOST="d.example.org", PIP_PROXY="", PYTHONWARNINGS="ignore")
        ours = {name: setting.value for name, setting in read(environ, sys.prefix).items()}
        listed = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        if listed.returncode != 0:
            self.skipTest("no pip that tells its configuration: " + listed.stderr)
        pips = {}
        for prefix in ("global.", "install.", ":env:."):
            for line in listed.stdout.splitlines():
                name, _, value = line.partition("=")
                if name.startswith(prefix):
                    pips[name[len(prefix) :]] = " ".join(value.strip("'").replace("\\n", " ").split())
        known = {"index-url", "extra-index-url", "trusted-host", "find-links", "cert"}
        self.assertEqual(
            {name: value for name, value in pips.items() if name in known and value},
            {name: value for name, value in ours.items() if name in known},
        )
        self.assertEqual("https://b.example.org/", ours["extra-index-url"])


class PathsTest(ConfigurationTest):
    """Paths hold though pip is started from another folder."""

    def test_paths_are_made_absolute_and_urls_left_alone(self):
        here = os.getcwd()
        values = self.read(
            PIP_FIND_LINKS="~/wheels wheels https://h/links file:///srv/wheels",
            PIP_CERT="~/ca.pem",
            PIP_CLIENT_CERT="client.pem",
            PIP_INDEX_URL="simple",
            PIP_EXTRA_INDEX_URL=INDEX,
        )
        self.assertEqual(
            {
                "find-links": " ".join(
                    [
                        os.path.join(self.home, "wheels"),
                        os.path.join(here, "wheels"),
                        "https://h/links",
                        "file:///srv/wheels",
                    ]
                ),
                "cert": os.path.join(self.home, "ca.pem"),
                "client-cert": os.path.join(here, "client.pem"),
                "index-url": os.path.join(here, "simple"),
                "extra-index-url": INDEX,
            },
            values,
        )

    def test_where_there_is_no_home_the_users_own_counts(self):
        with mock.patch.dict(os.environ, HOME=self.home):
            self.conf("home/.pip/pip.conf", "[global]", "cert = ~/ca.pem")
            del self.environ["HOME"]
            self.assertEqual({"cert": os.path.join(self.home, "ca.pem")}, self.read())


class CertificatesTest(ConfigurationTest):
    """Where the bundle of certificates comes from."""

    def setUp(self):
        super().setUp()
        self.bundles = {
            name: self.write(name, "")
            for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        }

    def test_the_most_particular_one_wins(self):
        for name in list(self.bundles):
            settings = read(dict(self.environ, **self.bundles), self.prefix)
            self.assertEqual(Setting(self.bundles.pop(name), name), settings["cert"])
        self.assertEqual({}, self.read())

    def test_one_that_is_not_there_does_not_break_what_worked(self):
        self.assertEqual({}, self.read(SSL_CERT_FILE="/nowhere/ca.pem"))

    def test_pips_own_that_is_not_there_is_kept_so_that_its_absence_is_told(self):
        self.assertEqual({"cert": "/nowhere/ca.pem"}, self.read(PIP_CERT="/nowhere/ca.pem"))


def settings_of(**options):
    """Return settings as ``read`` gives them."""
    return {name.replace("_", "-"): Setting(value, "pip.conf") for name, value in options.items()}


class MirrorsTest(unittest.TestCase):
    """Which mirrors follow from what was listed and configured."""

    def test_pypi_where_nothing_else_was_said(self):
        self.assertEqual([Mirror(PYPI, {"index-url": PYPI})], mirrors([], {}))

    def test_pips_configuration_is_one_mirror_as_a_whole_and_pypi_is_not_added(self):
        settings = settings_of(index_url=INDEX, extra_index_url=OTHER, find_links="/wheels", cert="/ca.pem")
        (mirror,) = mirrors([], settings)
        self.assertEqual("pip's configuration (pip.conf)", mirror.name)
        self.assertEqual([INDEX, OTHER], mirror.indexes)
        self.assertEqual(["/wheels"], mirror.listed("find-links"))
        self.assertEqual("/ca.pem", mirror.settings["cert"])

    def test_without_an_index_of_its_own_pip_goes_to_pypi_and_so_do_we(self):
        (mirror,) = mirrors([], settings_of(find_links="/wheels"))
        self.assertEqual([PYPI], mirror.indexes)
        self.assertEqual(["/wheels"], mirror.listed("find-links"))

    def test_what_is_listed_comes_instead_in_its_order_with_the_ways_to_reach_it(self):
        settings = settings_of(
            index_url="https://configured.example.org",
            find_links="/wheels",
            proxy="http://proxy.example.org",
            trusted_host="other.example.org",
            only_binary=":all:",
        )
        transport = {
            "proxy": "http://proxy.example.org",
            "trusted-host": "other.example.org",
            "only-binary": ":all:",
        }
        self.assertEqual(
            [
                Mirror(INDEX, dict(transport, **{"index-url": INDEX})),
                Mirror(OTHER, dict(transport, **{"index-url": OTHER})),
            ],
            mirrors([INDEX, OTHER], settings),
        )

    def test_no_index_closes_them_all_and_says_where_it_stands(self):
        for value in ("1", "true", "Yes", "ON", "t", "y"):
            with self.assertRaisesRegex(Error, r"forbids indexes \(no-index in pip\.conf\)"):
                mirrors([INDEX], settings_of(no_index=value))
        for value in ("0", "false", "no", "off"):
            self.assertEqual(1, len(mirrors([INDEX], settings_of(no_index=value))))

    def test_what_is_no_url_is_refused_with_an_example(self):
        for url in (
            "index.example.org/simple",
            "ftp://index.example.org/simple",
            "https://",
            "https://a b",
            "--index-url=https://index.example.org",
            "http://[::1/simple",
            "http://index.example.org:port/simple",
            "",
        ):
            with self.subTest(url), self.assertRaisesRegex(UsageError, "https://pypi.example.org/simple"):
                mirrors([url], {})
        for url in ("http://[::1]:8080/simple", "file:///srv/simple", INDEX):
            self.assertEqual([url], [mirror.name for mirror in mirrors([url], {})])

    def test_no_name_and_no_error_shows_who_asks(self):
        for url in (
            "https://alice:hunter22@index.example.org/simple",
            "https://alice:hun%40ter22@index.example.org/simple?key=hunter22",
            "https://hunter22@index.example.org/simple",
            "https://index.example.org/simple?token=hunter22",
        ):
            (mirror,) = mirrors([url], {})
            self.assertEqual("https://index.example.org/simple", mirror.name)
            self.assertEqual(url, mirror.settings["index-url"])
        # A slash that is not written as %2F makes it no URL.
        for url in ("https://alice:hun/ter22@index.example.org/simple", "alice:hunter22@index.example.org"):
            with self.assertRaises(UsageError) as raised:
                mirrors([url], {})
            self.assertNotIn("alice", str(raised.exception))
            self.assertNotIn("ter22", str(raised.exception))

    def test_secrets_are_those_of_all_that_it_names(self):
        mirror = Mirror(
            "",
            {
                "index-url": "https://a:secret-1@h/?k=secret-2",
                "extra-index-url": "https://h/ https://b:secret%2D3@h/",
                "find-links": "https://c:secret-4@h/ /wheels",
                "proxy": "d:secret-5@proxy:3128",
            },
        )
        self.assertLessEqual({"secret-{}".format(number) for number in range(1, 6)}, mirror.secrets)
        self.assertIn("secret%2D3", mirror.secrets)


class PipVariablesTest(unittest.TestCase):
    """What pip is told, in variables: a command line can be read by everybody."""

    def test_no_mirror_is_no_network_and_no_configuration(self):
        variables = pip_variables(None)
        self.assertEqual("1", variables["PIP_NO_INDEX"])
        self.assertEqual(os.devnull, variables["PIP_CONFIG_FILE"])
        self.assertNotIn("PIP_INDEX_URL", variables)

    def test_a_mirrors_settings_and_no_others_are_passed_on(self):
        variables = pip_variables(Mirror("", {"extra-index-url": OTHER, "cert": "/ca.pem"}))
        self.assertEqual(OTHER, variables["PIP_EXTRA_INDEX_URL"])
        self.assertEqual("/ca.pem", variables["PIP_CERT"])
        self.assertEqual(os.devnull, variables["PIP_CONFIG_FILE"])
        self.assertEqual("1", variables["PIP_NO_INPUT"])
        self.assertNotIn("PIP_NO_INDEX", variables)
