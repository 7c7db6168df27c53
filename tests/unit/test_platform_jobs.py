"""Our own CI's configuration: the jobs for platforms are what the list gives, and each is run."""

import contextlib
import io
import pathlib
import unittest

from tests.support.nodes import InAFolder
from tools import platform_jobs

try:
    import yaml
except ImportError:  # it has no release for the oldest Pythons
    yaml = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
PIPELINES = ("check", "gate", "periodic")


def entries(folder):
    """Return all entries of the files in a folder of configuration, each as a pair of kind and content."""
    found = []
    for path in sorted((ROOT / folder).glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            (pair,) = entry.items()
            found.append(pair)
    return found


def jobs_in(folder):
    """Return the jobs that a folder defines, by name."""
    return {content["name"]: content for kind, content in entries(folder) if kind == "job"}


def run_in(pipeline, found):
    """Return the names of the jobs that the project runs in a pipeline, those of its templates too."""
    templates = {content["name"]: content for kind, content in found if kind == "project-template"}
    names = []
    for _, project in [pair for pair in found if pair[0] == "project"]:
        for each in [project] + [templates[name] for name in project.get("templates", [])]:
            for job in each.get(pipeline, {}).get("jobs", []):
                names.append(job if isinstance(job, str) else next(iter(job)))
    return names


class ProgramTest(InAFolder):
    """The program that writes the file."""

    def call(self, *argv):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            status = platform_jobs.main(list(argv))
        return status, errors.getvalue()

    def test_the_file_is_current(self):
        self.assertEqual((0, ""), self.call("--check"))

    def test_one_that_is_not_current_is_refused_with_the_way_out_and_stays(self):
        current = platform_jobs.FILE.read_text(encoding="utf-8")
        path = self.write("platforms.yaml", current.replace("debian-trixie", "debian-sid"))
        old = pathlib.Path(path).read_text(encoding="utf-8")
        for file in (path, self.folder + "/none.yaml"):
            status, words = self.call("--check", file)
            self.assertEqual(1, status)
            self.assertIn(file, words)
            self.assertTrue(words.endswith("; run python3 tools/platform_jobs.py\n"), words)
        self.assertEqual(old, pathlib.Path(path).read_text(encoding="utf-8"))
        self.assertFalse(pathlib.Path(self.folder, "none.yaml").exists())
        self.assertEqual((0, ""), self.call(path))
        self.assertEqual((0, ""), self.call("--check", path))
        self.assertEqual(current, pathlib.Path(path).read_text(encoding="utf-8"))

    @unittest.skipIf(yaml is None, "reads YAML, which takes PyYAML")
    def test_a_platform_is_a_job_of_its_own_with_what_makes_it_special(self):
        platforms = (
            platform_jobs.Platform("plan-9"),
            platform_jobs.Platform("hurd", ("a", "b"), not_voting="nobody saw it"),
        )
        found = yaml.safe_load(platform_jobs.document(platforms))
        plain, special, template = [next(iter(entry.values())) for entry in found]
        self.assertEqual("testnode-python-functional-plan-9", plain["name"])
        self.assertEqual("testnode-python-functional", plain["parent"])
        self.assertEqual([{"name": "plan-9", "label": "plan-9"}], plain["nodeset"]["nodes"])
        self.assertEqual([], [word for word in ("voting", "vars") if word in plain])
        self.assertEqual({"functional_packages": ["a", "b"]}, special["vars"])
        self.assertIs(False, special["voting"])
        self.assertIn("nobody saw it", special["description"])
        self.assertEqual({"jobs": [plain["name"], special["name"]]}, template["check"])
        self.assertEqual({"jobs": [plain["name"]]}, template["gate"])


@unittest.skipIf(yaml is None, "reads YAML, which takes PyYAML")
class ConfigurationTest(unittest.TestCase):
    """The files that our tenant loads besides the public ones."""

    def setUp(self):
        self.ours = entries("zuul-tests.d")
        self.jobs = jobs_in("zuul-tests.d")

    def test_every_job_is_run_and_what_votes_is_in_the_gate(self):
        real = {name: job for name, job in self.jobs.items() if not job.get("abstract")}
        self.assertEqual({platform_jobs.name_of(each) for each in platform_jobs.PLATFORMS}, set(real))
        self.assertEqual(set(), set(real) - set(run_in("check", self.ours)))
        voting = {name for name, job in real.items() if job.get("voting", True)}
        self.assertTrue(voting)
        self.assertEqual(voting, set(real) & set(run_in("gate", self.ours)))

    def test_every_job_that_is_run_is_defined_and_no_job_twice_in_a_pipeline(self):
        defined = set(self.jobs) | set(jobs_in("zuul.d"))
        for pipeline in PIPELINES:
            names = run_in(pipeline, self.ours)
            with self.subTest(pipeline):
                self.assertTrue(names)
                self.assertEqual(set(), set(names) - defined)
                self.assertEqual(sorted(set(names)), sorted(names))

    def test_every_pipeline_of_the_project_is_looked_at(self):
        known = {"name", "description", "templates", *PIPELINES}
        for kind, content in self.ours:
            if kind.startswith("project"):
                self.assertEqual(set(), set(content) - known)

    def test_playbooks_and_nodesets_are_there(self):
        nodesets = {content["name"] for kind, content in self.ours if kind == "nodeset"}
        for name, job in self.jobs.items():
            with self.subTest(name):
                if "run" in job:
                    self.assertTrue((ROOT / job["run"]).is_file())
                self.assertIn(job.get("parent", "base"), {"base"} | set(self.jobs))
        for _, project in [pair for pair in self.ours if pair[0] == "project"]:
            for pipeline in PIPELINES:
                for job in project[pipeline]["jobs"]:
                    for name, changes in job.items() if isinstance(job, dict) else ():
                        self.assertIn(changes["nodeset"], nodesets, name)
