"""The files that Zuul and ZooKeeper are configured with."""

import configparser
import io
from typing import NamedTuple

# Debian's zookeeper.jar names its jars, but not those that TLS needs; and it cannot do without TLS.
JARS = ("zookeeper", "netty-codec", "netty-resolver", "netty-transport-native-unix-common")
JARS += ("slf4j-log4j12", "log4j-1.2")

_ZOOKEEPER = """\
tickTime=2000
dataDir={folder}/zookeeper/data
secureClientPort={port}
secureClientPortAddress=127.0.0.1
serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory
ssl.keyStore.location={keys.store}
ssl.keyStore.type=PEM
ssl.trustStore.location={keys.authority}
ssl.trustStore.type=PEM
ssl.clientAuth=need
admin.enableServer=false
maxClientCnxns=0
"""
_LOG4J = """\
log4j.rootLogger=WARN, F
log4j.appender.F=org.apache.log4j.ConsoleAppender
log4j.appender.F.layout=org.apache.log4j.PatternLayout
log4j.appender.F.layout.ConversionPattern=%d %p %c %m%n
"""


class Ports(NamedTuple):
    """Where the services listen, all on loopback."""

    zookeeper: int
    web: int
    finger: int


def zookeeper(folder, keys, ports):
    """Return the files of ZooKeeper's own configuration folder, by name.

    :param pathlib.Path folder: of the whole Zuul.
    :param Keys keys: as of :func:`tests.support.zuul.keys.make`.
    :param Ports ports: where to listen.
    """
    text = _ZOOKEEPER.format(folder=folder, keys=keys, port=ports.zookeeper)
    return {"zoo.cfg": text, "log4j.properties": _LOG4J}


def zuul(folder, keys, ports, *, builds, ansible, python):
    """Return the text of ``zuul.conf``.

    :param str builds: folder for the executor's work.
    :param ansible: folder with one environment for each version of Ansible.
    :param python: folder of the Python that they run on: bubblewrap shows only the system's.
    """
    url = f"http://127.0.0.1:{ports.web}"
    sections = {
        "zookeeper": {
            "hosts": f"localhost:{ports.zookeeper}",
            "tls_cert": keys.certificate,
            "tls_key": keys.key,
            "tls_ca": keys.authority,
        },
        "keystore": {"password": "tests"},
        "database": {"dburi": f"sqlite:///{folder}/zuul.sqlite"},
        "scheduler": {"tenant_config": f"{folder}/tenant.yaml", "state_dir": f"{folder}/scheduler"},
        "merger": {"git_dir": f"{folder}/merger-git", "git_user_email": "zuul@example.org"},
        "executor": {
            "private_key_file": keys.ssh,
            "job_dir": builds,
            "git_dir": f"{folder}/executor-git",
            "state_dir": f"{folder}/executor",
            "ansible_root": ansible,
            "manage_ansible": "false",
            "variables": f"{folder}/site-variables.yaml",
            "finger_port": ports.finger,
            "hostname": "localhost",
            "trusted_ro_paths": python,
            "untrusted_ro_paths": python,
            "trusted_rw_paths": f"{folder}/logs",
            "disk_limit_per_job": -1,
            "load_multiplier": 50,
        },
        "launcher": {"temp_dir": f"{folder}/launcher"},
        "web": {"listen_address": "127.0.0.1", "port": ports.web, "root": url},
        # The parts ask for one, and this one knows nobody.
        'auth "tests"': {
            "driver": "HS256",
            "realm": "tests",
            "client_id": "tests",
            "issuer_id": "tests",
            "secret": "tests",
        },
        "webclient": {"url": url},
        "connection git.example.org": {"driver": "git", "baseurl": f"file://{folder}/git", "poll_delay": 1},
        "connection static": {"driver": "static"},
    }
    for service in ("scheduler", "executor", "merger", "launcher", "web"):
        sections[service]["pidfile"] = f"{folder}/{service}.pid"
        sections[service]["command_socket"] = f"{folder}/{service}.socket"
    parser = configparser.RawConfigParser()
    parser.read_dict(sections)
    written = io.StringIO()
    parser.write(written)
    return written.getvalue()


def nodes(addresses, port=22, user="zuul"):
    """Return what tells a tenant of static nodes, each with a label that is its own name.

    :param dict addresses: label -> address of its sshd.
    :rtype: list
    """
    name = "static"
    labels = list(addresses)
    provided = [
        {"name": address, "connection-port": port, "username": user, "label": label}
        for label, address in addresses.items()
    ]
    image = {"name": name, "connection-type": "ssh", "username": user, "python-path": "auto"}
    return [
        # An image that Zuul does not build.
        {"image": {"name": name, "type": "cloud"}},
        {"flavor": {"name": name}},
        *({"label": {"name": label, "image": name, "flavor": name}} for label in labels),
        {"section": {"name": name, "connection": "static", "images": [image], "flavors": [name]}},
        # No images here: an entry would replace the section's as a whole.
        {"provider": {"name": name, "section": name, "labels": labels, "nodes": provided}},
    ]
