"""Environments under kill -9, many callers and replacement: the old state or the new one."""

import json
import os
import random
import signal
import subprocess
import time

# Moments of an install; the overlayfs gets half as many again.
KILLS = {"plain": 100, "overlayfs": 50}


def descendants(pid):
    """Return the processes that a process has started, and theirs."""
    found = []
    for task in os.listdir("/proc/{}/task".format(pid)):
        try:
            with open("/proc/{}/task/{}/children".format(pid, task)) as file:
                children = [int(child) for child in file.read().split()]
        except OSError:
            continue
        for child in children:
            found += [child] + descendants_if_there(child)
    return found


def descendants_if_there(pid):
    try:
        return descendants(pid)
    except OSError:
        return []


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def test_a_killed_install_leaves_a_working_tool_and_the_next_run_the_new_one(caller):
    started = time.monotonic()
    caller.ensure("2.0")
    longest = (time.monotonic() - started) * 1.1
    chance = random.Random(7)
    version, cut_short = "2.0", 0
    kills = KILLS[caller.kind]
    for number in range(kills):
        wanted = "1.0" if version == "2.0" else "2.0"
        with caller.start(wanted) as process:
            time.sleep(chance.uniform(0, longest))
            victims = [process.pid]
            # Every other time what it started goes on, and the next caller meets it at work.
            if number % 2:
                victims += descendants_if_there(process.pid)
            kill(victims)
        cut_short += process.returncode == -signal.SIGKILL
        assert caller.answer() in ("patient " + version, "patient " + wanted)
        assert caller.ensure(wanted) == caller.program
        assert caller.answer() == "patient " + wanted
        assert len(caller.trees()) <= 2, "a half-made environment stayed behind"
        version = wanted
    # Else the moments were no moments of an install.
    assert cut_short > kills // 2


def test_a_first_install_that_is_killed_is_made_good_by_the_next(caller):
    chance = random.Random(11)
    for _ in range(10):
        subprocess.run(["rm", "-rf", str(caller.home / ".local")], check=True)
        with caller.start("1.0") as process:
            time.sleep(chance.uniform(0, 0.6))
            kill([process.pid] + descendants_if_there(process.pid))
        caller.ensure("1.0")
        assert caller.answer() == "patient 1.0"
        assert len(caller.trees()) == 1


def test_twelve_callers_at_once_make_one_install(caller):
    running = [caller.start("2.0", "--json") for _ in range(12)]
    outcomes = []
    for process in running:
        with process:
            output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
        outcomes.append(json.loads(output.decode()))
    assert [outcome["changed"] for outcome in outcomes].count(True) == 1
    assert {outcome["executable"] for outcome in outcomes} == {caller.program}
    assert caller.answer() == "patient 2.0"


def test_a_program_that_runs_from_the_old_environment_survives_its_replacement(caller):
    with subprocess.Popen(
        [caller.program, "--wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout.readline() == b"ready\n"
        caller.ensure("2.0")
        output, errors = program.communicate(b"go on\n", timeout=60)
    assert (program.returncode, output, errors) == (0, b"1.0\n", b"")
    assert caller.answer() == "patient 2.0"


def test_a_caller_that_waits_too_long_for_another_says_so(caller):
    lock = caller.home / ".local" / ".patient.lock"
    with subprocess.Popen(["flock", str(lock), "sleep", "60"], start_new_session=True) as holder:
        try:
            while subprocess.run(["flock", "--nonblock", str(lock), "true"]).returncode == 0:
                time.sleep(0.01)
            with caller.start("2.0", "--timeout", "1") as process:
                _, errors = process.communicate(timeout=30)
        finally:
            os.killpg(holder.pid, signal.SIGKILL)
    assert process.returncode == 1
    assert "another caller" in errors.decode() and "--timeout" in errors.decode()
    assert caller.answer() == "patient 1.0"
