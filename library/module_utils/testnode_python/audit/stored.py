"""The precache that a system carries, as its manifest tells."""

import re
from typing import List, NamedTuple

from .. import manifest
from ..errors import PrecacheError
from ..precache import DEFAULT_PATH
from .imageroot import fault, sentence

_MOST = 64 * 1024 * 1024
# Pythons before 3.11 take hours to read a number of that size.
_MOST_DIGITS = 1000


class Stored(NamedTuple):
    """A precache.

    ``folder`` is where its link leads; ``lock_digest`` and ``locked`` (ISO 8601)
    are of its locks; ``bytes`` what its files have.  ``fault`` says why it cannot
    be used, or is "".
    """

    path: str
    folder: str
    lock_digest: str
    locked: str
    targets: List[str]
    files: int
    bytes: int
    fault: str


def find(root, owners, notes):
    """Look for the precache at its default path.

    :param Root root: the system.
    :param set owners: numbers of the users who count as root.
    :param list notes: gets a sentence for each folder of it that cannot be read.
    :rtype: Stored or None
    """
    path = DEFAULT_PATH
    file = "{}/{}".format(path, manifest.FILE_NAME)
    try:
        folder = root.resolve(path)
        if root.lstat(path) is None:
            return None
        text = root.read(file, _MOST).decode("utf-8")
        if max(map(len, re.findall("[0-9]+", text)), default=0) > _MOST_DIGITS:
            raise PrecacheError(file, "{} has a number that is none of a precache".format(file))
        content = manifest.loads(text, file)
    except (OSError, UnicodeDecodeError, PrecacheError) as error:
        reason = sentence(file, error) if isinstance(error, OSError) else str(error)
        return Stored(path, "", "", "", [], 0, 0, reason)
    sizes = [entry.status.st_size for entry in root.walk(folder, notes)]
    return Stored(
        path,
        folder,
        content.lock_digest,
        content.locked,
        sorted(content.targets),
        len(sizes),
        sum(sizes),
        fault(root, folder, owners),
    )
