"""Climbing, with rungs that only say what they would; test_ladder climbs the real ones."""

from unittest import mock

from testnode_python import links, rungs
from testnode_python.errors import Error, NotReadyError, PlaceError, UsageError
from testnode_python.outcome import Ready

from tests.support.nodes import InAFolder, clean_environ, make_node

READY = Ready(
    "it is there",
    "/opt/x/bin/hello",
    "1.0",
    changed=True,
    locked="2026-11-01",
    unlocked=True,
    environment="/opt/x",
    python="/usr/bin/python3",
)


class ClimbCase(InAFolder):
    """What the tests below share."""

    def setUp(self):
        super().setUp()
        self.reached = []

    def rung(self, source, result):
        """Return a rung that gives a Ready, or raises an error."""

        def ask(request, node):
            self.reached.append((source, request, node))
            if isinstance(result, Exception):
                raise result
            return result

        return source, ask

    def climb(self, *pairs, asked=None, **options):
        self.node = make_node(self.folder, **(asked or {}))
        return rungs.climb(self.node, (self.rung(*pair) for pair in pairs), **options)

    def refusal(self, *pairs, **options):
        with self.assertRaises(NotReadyError) as caught:
            self.climb(*pairs, **options)
        return caught.exception


class ClimbTest(ClimbCase):
    """One after the other until one serves."""

    def test_what_the_rung_gave_is_the_outcome(self):
        outcome = self.climb(("system", READY))
        attempt = outcome.attempts[0]
        self.assertEqual(
            ("hello", "/opt/x/bin/hello", "1.0", "system", True, "2026-11-01", True)
            + ("/opt/x", "/usr/bin/python3", ""),
            outcome[:9] + (outcome.link,),
        )
        self.assertEqual(("system", True, "it is there", ""), attempt[:4])
        self.assertGreaterEqual(outcome.seconds, attempt.seconds)
        ((_, request, node),) = self.reached
        self.assertEqual((self.node.request, self.node), (request, node))

    def test_those_after_the_one_that_served_are_not_even_reached_for(self):
        reported = []

        def steps():
            yield self.rung("system", Error("it is not there", "make it"))
            yield self.rung("precache", READY)
            self.fail("nobody needs the next")

        node = make_node(self.folder)
        outcome = rungs.climb(node, steps(), reported.append)
        self.assertEqual(["system", "precache"], [source for source, _, _ in self.reached])
        self.assertEqual("precache", outcome.source)
        self.assertEqual(outcome.attempts, reported)
        self.assertEqual((False, "it is not there", "make it"), outcome.attempts[0][1:4])

    def test_the_next_is_reached_for_only_when_the_last_has_been_reported(self):
        order = []

        def steps():
            for source in ("system", "precache"):
                order.append(source)
                yield self.rung(source, Error("no"))

        with self.assertRaises(NotReadyError):
            rungs.climb(make_node(self.folder), steps(), lambda attempt: order.append("ended"))
        self.assertEqual(["system", "ended", "precache", "ended"], order)

    def test_what_makes_no_sense_ends_it(self):
        with self.assertRaises(UsageError):
            self.climb(("system", UsageError("no sense")), ("precache", READY))
        self.assertEqual(1, len(self.reached))

    def test_nothing_to_climb_is_not_ready_either(self):
        self.assertEqual("hello could not be made ready", str(self.refusal()))

    def test_cures_are_told_without_secrets_as_reasons_are(self):
        url = "https://joe:s3cr3tword@h/simple"
        error = self.refusal(
            ("mirror", Error("no answer of " + url, "mend s3cr3tword")), asked={"mirrors": (url,)}
        )
        self.assertNotIn("s3cr3tword", str(error) + error.outcome.as_json())
        self.assertIn("-> mend ***", str(error))


class LinkTest(ClimbCase):
    """Where a link is asked for it is part of what serves."""

    def climb_to(self, gives, ready=READY, **asked):
        """Climb to one rung, with a link made as told; return the outcome and what was asked for."""
        effect = {"side_effect" if isinstance(gives, Exception) else "return_value": gives}
        with mock.patch.object(links, "make", **effect) as made:
            try:
                outcome = self.climb(("system", ready), asked=dict({"link": True}, **asked))
            except NotReadyError as error:
                outcome = error.outcome
        return outcome, made

    def test_a_link_that_was_made_is_a_change(self):
        same = READY._replace(changed=False)
        outcome, made = self.climb_to("/l/hello", same)
        self.assertEqual(("/l/hello", True), (outcome.link, outcome.changed))
        made.assert_called_once_with(READY.executable, clean_environ(self.folder), dry=False)
        outcome, _ = self.climb_to("", same)
        self.assertEqual(("", False), (outcome.link, outcome.changed))
        self.assertIs(True, self.climb_to("")[0].changed)

    def test_one_that_cannot_be_made_is_the_reason_with_its_cure(self):
        outcome, _ = self.climb_to(PlaceError("/l/hello", "it is no link", "remove it"))
        self.assertEqual(("", "", "", False), outcome[1:5])
        self.assertEqual(("system", False, "it is no link", "remove it"), outcome.attempts[0][:4])

    def test_none_is_made_where_none_is_asked_for_and_dry_says_so(self):
        self.assertEqual(0, self.climb_to("/l/hello", link=False)[1].call_count)
        _, made = self.climb_to("/l/hello", dry=True)
        made.assert_called_once_with(READY.executable, clean_environ(self.folder), dry=True)
