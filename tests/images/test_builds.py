"""Builds that must fail, each with a sentence that says why."""

import re

import pytest

from tests.support import images, roots

from .conftest import ELEMENTS, SUITES

OTHERS = roots.CHECKOUT / "tests" / "images" / "elements"


def test_pip_in_the_global_python_fails_the_build_and_is_named(build_image):
    places = f"{images.ELEMENTS}:{OTHERS}"
    built, asked = build_image("bookworm", *ELEMENTS, "pip-into-the-global-python", ELEMENTS_PATH=places)
    assert built.returncode != 0 and not built.tar.exists()
    told = built.output[built.output.index("999-testnode-python-audit") :]
    assert re.search(r"bindep", told)
    assert "/usr/local/lib/python3.11/dist-packages/bindep" in told
    # The element asks the index as well: one that is asked is seen to be.
    assert asked != []


@pytest.mark.parametrize("suite", SUITES[1:2])
def test_pip_from_its_source_fails_the_build_early(build_image, suite):
    built, _ = build_image(suite, "testnode-python", "pip-and-virtualenv")
    assert built.returncode != 0
    assert "pip-and-virtualenv in mode 'source' installs PyPI's pip" in built.output
    assert "DIB_INSTALLTYPE_pip_and_virtualenv=package" in built.output
    assert "Running /tmp/in_target.d/pre-install.d" not in built.output
