"""Programs that run in another interpreter than ours.

Each is one file that imports only the standard library, is handed over as
text (``python -c``, so it also works out of a zip file or an Ansible module),
reads its job as JSON on standard input and prints its answer as the last line.
"""

import json

from ..commands import last_lines, run
from ..errors import CommandError

# What an interpreter sees of variables and of what is installed: options of its command line.
ISOLATED = ("-I",)
STDLIB_ALONE = ("-I", "-S")
AS_IN_A_SHELL = ()

# Of a program's last line that is shown; what is no Python may repeat the text that it was given.
_LONGEST = 300


def start(python, runner, job, deadline, **options):
    """Start one of the runners in an interpreter and wait for its end.

    :param str python: path of the interpreter.
    :param module runner: a module of this package.
    :param dict job: what it is to do.
    :param Deadline deadline: when it is killed.
    :param options: ``environ`` and ``keep_open`` of ``commands.run``, and ``flags``: ISOLATED,
        STDLIB_ALONE or AS_IN_A_SHELL.
    :rtype: Result
    :raises CommandError: where it cannot be started or does not end in time.
    """
    flags = options.pop("flags", ISOLATED)
    # The loader finds the text in a zip file, too.
    argv = [python, *flags] + ["-c", runner.__loader__.get_source(runner.__name__)]
    return run(argv, deadline, stdin=json.dumps(job), **options)


def run_in(python, runner, job, deadline, **options):
    """Run one of the runners and read its answer; arguments as for ``start``.

    :returns: its answer.
    :rtype: dict
    :raises CommandError: where it fails or its answer cannot be read.
    """
    result = start(python, runner, job, deadline, **options)
    shown = [python, runner.__name__.rpartition(".")[2]]
    if result.returncode != 0:
        words = last_lines(result.stderr)
        cause = words.splitlines()[-1][-_LONGEST:] if words else "exit code {}".format(result.returncode)
        raise CommandError("{} failed: {}".format(" ".join(shown), cause), shown, result.returncode, words)
    try:
        return json.loads(result.stdout.rstrip("\n").rpartition("\n")[2])
    except ValueError as error:
        raise CommandError(
            "{} gave no answer".format(" ".join(shown)), shown, 0, last_lines(result.stdout)
        ) from error
