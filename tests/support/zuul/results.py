"""What a Zuul says of itself: its web API, its database, and the logs of its builds."""

import json
import pathlib
import sqlite3
import time
import urllib.request
from typing import NamedTuple

TENANT = "example"
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_BUILDSETS = """
    SELECT buildset.result FROM zuul_buildset AS buildset
    JOIN zuul_buildset_ref AS link ON link.buildset_id = buildset.id
    JOIN zuul_ref AS ref ON ref.id = link.ref_id
    WHERE ref.newrev = ? AND buildset.result IS NOT NULL
"""


class Build(NamedTuple):
    """A build that has ended.

    :param str job: the job's name.
    :param str result: as in ``SUCCESS``.
    :param float seconds: how long it ran.
    :param list artifacts: as the API has them.
    :param pathlib.Path logs: the folder of its logs.
    """

    job: str
    result: str
    seconds: float
    artifacts: list
    logs: pathlib.Path

    @property
    def console(self):
        """What the build printed."""
        return (self.logs / "job-output.txt").read_text(encoding="utf-8")

    def json(self, path):
        """Return the content of a JSON file of its logs."""
        return json.loads((self.logs / path).read_text(encoding="utf-8"))


class Results:
    """Reads what a running Zuul found.

    :param Zuul zuul: the services.
    """

    def __init__(self, zuul):
        self._zuul = zuul
        self._api = f"http://127.0.0.1:{zuul.ports.web}/api/tenant"

    def get(self, path, tenant=TENANT):
        """Return the API's answer for a path below a tenant's.

        :raises OSError: where there is none.
        """
        with _OPEN.open(f"{self._api}/{tenant}/{path}", timeout=30) as answer:
            return json.load(answer)

    def wait_for_tenant(self, project, seconds=120):
        """Wait until the tenant is loaded, and changes of a project are seen.

        :raises AssertionError: where it takes longer.
        """
        words = f"refs for project {project}"
        self._until(lambda: words in self._zuul.output_of("scheduler") and self._loaded(), seconds, "tenant")

    def _loaded(self):
        try:
            return bool(self.get("projects"))
        except OSError:
            return False

    def wait_for_nodes(self, number, seconds=120):
        """Wait until that many static nodes are ready.

        :raises AssertionError: where it takes longer.
        """
        words = "as ready"
        self._until(lambda: self._zuul.output_of("launcher").count(words) >= number, seconds, "nodes")

    def builds_of(self, commit, seconds):
        """Wait for all builds that a commit caused; return them by the names of their jobs.

        :raises AssertionError: where it takes longer.
        :rtype: dict(str, Build)
        """
        self._until(lambda: self._buildset(commit), seconds, f"builds of {commit}")
        found = self.get(f"builds?newrev={commit}&limit=200")
        return {each["job_name"]: self._build(each) for each in found if each["final"]}

    def _build(self, each):
        whole = self.get(f"build/{each['uuid']}")
        logs = self._zuul.folder / "logs" / each["uuid"]
        return Build(each["job_name"], each["result"], each["duration"], whole["artifacts"], logs)

    def _buildset(self, commit):
        with sqlite3.connect(f"file:{self._zuul.folder}/zuul.sqlite?mode=ro", uri=True, timeout=30) as found:
            try:
                return found.execute(_BUILDSETS, (commit,)).fetchone()
            finally:
                found.commit()

    def _until(self, ready, seconds, what):
        end = time.monotonic() + seconds
        while not ready():
            for name, process in self._zuul.running.items():
                assert process.poll() is None, f"{name} ended:\n{self._zuul.output_of(name)[-3000:]}"
            assert time.monotonic() < end, f"no {what} within {seconds} s: see {self._zuul.folder}/output"
            time.sleep(0.5)
