"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

# Elsewhere than on a terminal: so many lines for the whole of it.
_LINES = 10


@contextlib.contextmanager
def shown(what: str, stream: IO[str] | None = None) -> Iterator[Callable[[int, int], None]]:
    """Show how far something is while the context lasts.

    :param what: what is being done.
    :param stream: where to; by default stderr.
    :returns: a function that is told how many of how many are done.
    """
    console = Console(file=stream or sys.stderr)
    if not console.is_terminal or console.is_dumb_terminal:
        yield _lines(what, console.file)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(what: str, stream: IO[str]) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        if done == total or done * _LINES // total != (done - 1) * _LINES // total:
            print(f"{what}: {done} of {total}", file=stream, flush=True)

    return tell
