"""The outcome is one set of data for everybody."""

import json
import unittest

from testnode_python.outcome import SOURCES, Attempt, Outcome


def outcome():
    """Return the outcome of two attempts."""
    return Outcome(
        tool="tox",
        executable="/var/lib/zuul/.local/tox/bin/tox",
        version="4.0",
        source="precache",
        changed=True,
        locked="2026-11-01T00:00:00Z",
        unlocked=False,
        environment="/var/lib/zuul/.local/tox",
        python="/usr/bin/python3.11",
        seconds=1.23456,
        attempts=[
            Attempt("system", False, "no tox on PATH", "", 0.00049),
            Attempt("precache", True, "tox 4.0 from it", "", 1.23),
        ],
    )


class OutcomeTest(unittest.TestCase):
    """Data for scripts and for Ansible, sentences for people."""

    def test_everything_is_in_the_data_attempts_included(self):
        data = outcome().as_dict()
        self.assertEqual(set(Outcome._fields), set(data))
        self.assertEqual(
            {"source": "system", "succeeded": False, "reason": "no tox on PATH", "cure": "", "seconds": 0.0},
            data["attempts"][0],
        )
        self.assertEqual(
            ("tox", "precache", True, False),
            (data["tool"], data["source"], data["changed"], data["unlocked"]),
        )

    def test_it_is_plain_data(self):
        data = outcome().as_dict()
        self.assertEqual(
            {dict, list}, {type(data), type(data["attempts"])} | {type(each) for each in data["attempts"]}
        )

    def test_seconds_are_told_to_the_millisecond(self):
        self.assertEqual(1.235, outcome().as_dict()["seconds"])

    def test_json_is_the_same_data(self):
        self.assertEqual(outcome().as_dict(), json.loads(outcome().as_json()))

    def test_a_line_for_people_has_source_reason_and_time(self):
        self.assertEqual("precache  tox 4.0 from it  (1.2 s)", str(outcome().attempts[1]))

    def test_lines_of_all_sources_are_aligned(self):
        columns = {str(Attempt(source, True, "reason", "", 0)).index("reason") for source in SOURCES}
        self.assertEqual(1, len(columns))
