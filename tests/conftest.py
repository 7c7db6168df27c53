"""What tests of several folders stand on."""

import contextlib

import pytest

from tests.support.controllers import Controller


@pytest.fixture
def stack():
    """What ends with the test."""
    with contextlib.ExitStack() as everything:
        yield everything


@pytest.fixture
def controller(tmp_path, stack):
    """A controller with no host yet."""
    made = Controller(tmp_path)
    stack.callback(made.close)
    return made
