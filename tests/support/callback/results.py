"""Prints each task's result as one line of JSON: Ansible's own callback for that has moved away."""

import json

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: stdout
short_description: one line of JSON for each result
description: For the functional tests.
"""


class CallbackModule(CallbackBase):
    """A line for each result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "results"

    def _show(self, result, kind):
        shown = dict(json.loads(self._dump_results(result._result)), kind=kind)
        # Newer ones print warnings and leave them out of what they dump.
        warnings = [getattr(each, "msg", each) for each in result._result.get("warnings") or []]
        if warnings:
            shown["warnings"] = [str(each) for each in warnings]
        print("RESULT " + json.dumps([result._task.get_name(), result._host.get_name(), shown]))

    def v2_runner_on_ok(self, result):
        self._show(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._show(result, "failed")

    def v2_runner_on_unreachable(self, result):
        self._show(result, "unreachable")

    def v2_runner_on_skipped(self, result):
        self._show(result, "skipped")
