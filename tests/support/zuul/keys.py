"""The keys that Zuul's parts know each other by, and those that let its executor into nodes."""

import subprocess
from typing import NamedTuple

_DAYS = "30"


class Keys(NamedTuple):
    """Paths of the files.

    :param authority: the certificate that ZooKeeper and Zuul trust.
    :param certificate: what both show each other; ``key`` is its key, ``store`` both in one file.
    :param ssh: the executor's private key; ``ssh_public`` is a line of ``authorized_keys``.
    """

    authority: str
    certificate: str
    key: str
    store: str
    ssh: str
    ssh_public: str


def make(folder):
    """Make all of them in an empty folder.

    :param pathlib.Path folder: where they go.
    :rtype: Keys
    :raises subprocess.CalledProcessError: where openssl or ssh-keygen failed.
    """
    names = ("ca.pem", "zookeeper.pem", "zookeeper.key", "store.pem", "node", "node.pub")
    keys = Keys(*(str(folder / name) for name in names))
    authority_key, request, extensions = (str(folder / name) for name in ("ca.key", "request.csr", "ext"))
    new = ["req", "-newkey", "rsa:2048", "-nodes"]
    _openssl(
        *new, "-x509", "-days", _DAYS, "-subj", "/CN=tests", "-keyout", authority_key, "-out", keys.authority
    )
    _openssl(*new, "-subj", "/CN=localhost", "-keyout", keys.key, "-out", request)
    (folder / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    signed = ["-CA", keys.authority, "-CAkey", authority_key, "-CAcreateserial", "-extfile", extensions]
    _openssl("x509", "-req", "-in", request, *signed, "-days", _DAYS, "-out", keys.certificate)
    with open(keys.store, "w", encoding="ascii") as store:
        for path in (keys.certificate, keys.key):
            with open(path, encoding="ascii") as part:
                store.write(part.read())
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys.ssh], check=True)
    return keys


def _openssl(*words):
    subprocess.run(["openssl", *words], check=True, stderr=subprocess.DEVNULL)
