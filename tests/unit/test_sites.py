"""What an interpreter's own sites have, decided by its facts; test_getpip asks real interpreters."""

from testnode_python import sites
from testnode_python.errors import Error
from testnode_python.interpreters import Installed
from testnode_python.outcome import Ready
from testnode_python.tools import PIP, PIP_COMPANIONS

from tests.support.nodes import InAFolder, make_node

WHOLE = [PIP] + list(PIP_COMPANIONS)


class SitesCase(InAFolder):
    """What the tests below share."""

    def node(self, *names, asked=None, **facts):
        """Return a node whose Python imports these modules, and has these facts besides."""
        node = make_node(self.folder, "pip", **(asked or {}))
        known = {
            "modules": {name: Installed("24.0", "/site", "/site/info") for name in names},
            "pkg_resources": False,
            "pip_command": "/opt/bin/pip3",
        }
        node._interpreter = node.interpreter._replace(**dict(known, **facts))
        return node


class FindTest(SitesCase):
    """pip, whole, or what Ansible's pip module needs."""

    def find(self, *names, **options):
        node = self.node(*names, **options)
        return sites.find(node.request, node)

    def refusal(self, *names, **options):
        with self.assertRaises(Error) as caught:
            self.find(*names, **options)
        return str(caught.exception)

    def test_all_that_makes_pip_whole_is_ready_as_it_is(self):
        node = self.node(*WHOLE)
        self.assertEqual(
            Ready(
                "pip 24.0 of {}".format(node.interpreter),
                "/opt/bin/pip3",
                "24.0",
                python=node.platform.base,
            ),
            sites.find(node.request, node),
        )

    def test_what_is_lacking_is_named_in_order_and_pip_only_where_it_is_there(self):
        self.assertTrue(self.refusal().endswith("has no " + ", ".join(WHOLE)))
        self.assertTrue(self.refusal(*WHOLE[1:]).endswith(" has no pip"))
        self.assertTrue(self.refusal(PIP, "wheel").endswith("has pip 24.0, but no setuptools, packaging"))

    def test_what_is_lacking_is_told_before_that_get_pip_is_to_install_it(self):
        asked = {"get_pip": "precache"}
        self.assertEqual("get-pip.py was asked for", self.refusal(*WHOLE, asked=asked))
        self.assertIn("has no pip", self.refusal(asked=asked))

    def test_modules_alone_are_what_the_interpreter_imports(self):
        asked = {"modules": ("packaging",), "version": ">=99"}
        # Neither pip nor its command is asked for, nor its version.
        node = self.node("packaging", asked=asked, pip_command="")
        self.assertEqual(
            Ready(
                "{} has packaging".format(node.interpreter),
                node.platform.executable,
                "",
                python=node.platform.base,
            ),
            sites.find(node.request, node),
        )
        self.assertTrue(self.refusal(*WHOLE[:-1], asked=asked).endswith("has pip 24.0, but no packaging"))
        self.assertTrue(self.refusal(asked=asked).endswith(" has no packaging"))


class LackingTest(SitesCase):
    """pkg_resources is as good as packaging, and as nothing else."""

    def test_it_is_where_only_packaging_is_lacking(self):
        names = [name for name in WHOLE if name != "packaging"]
        self.assertEqual(["packaging"], sites.lacking(self.node(*names)))
        self.assertEqual([], sites.lacking(self.node(*names, pkg_resources=True)))
        self.assertEqual([], sites.lacking(self.node(asked={"modules": ("packaging",)}, pkg_resources=True)))

    def test_where_more_is_lacking_packaging_is_too(self):
        self.assertEqual(
            ["wheel", "packaging"], sites.lacking(self.node(PIP, "setuptools", pkg_resources=True))
        )
        names = [name for name in WHOLE if name != "wheel"]
        self.assertEqual(["wheel"], sites.lacking(self.node(*names, pkg_resources=True)))
