"""Systems for tests of the audit: trees of files with dpkg's database, in a folder."""

import os

from testnode_python.audit import imageroot, packagedb, report

from .nodes import InAFolder

US = frozenset({os.geteuid()})
SITE = "/usr/local/lib/python3.11/dist-packages"
DIST = "/usr/lib/python3/dist-packages"


class SystemCase(InAFolder):
    """Has a system in ``folder`` with an interpreter that dpkg owns, and nothing else."""

    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o755)
        self.put("/usr/bin/python3.11", mode=0o755)
        self.link("/usr/bin/python3", "python3.11")
        self.put("/usr/lib/python3.11/EXTERNALLY-MANAGED")
        self.link("/lib", "usr/lib")
        self.link("/bin", "usr/bin")
        self.put("/var/lib/dpkg/status", "")
        self.package("python3.11-minimal", "/usr/bin/python3.11", "/usr/lib/python3.11/EXTERNALLY-MANAGED")

    def outside(self, path):
        """Return where a path of the system is."""
        return self.folder + path

    def put(self, path, content="", mode=0o644):
        """Write a file of the system; folders are made."""
        self.make_folder(os.path.dirname(path))
        with open(self.outside(path), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(self.outside(path), mode)

    def make_folder(self, path):
        """Make a folder that root alone may write, whatever the umask."""
        if not os.path.isdir(self.outside(path)):
            self.make_folder(os.path.dirname(path))
            os.mkdir(self.outside(path))
            os.chmod(self.outside(path), 0o755)

    def link(self, path, target):
        """Make a link."""
        self.make_folder(os.path.dirname(path))
        os.symlink(target, self.outside(path))

    def package(self, name, *paths, status="install ok installed", version="1-1"):
        """Let dpkg know of a package and its files."""
        with open(self.outside("/var/lib/dpkg/status"), "a") as file:
            file.write("Package: {}\nStatus: {}\nVersion: {}\n\n".format(name, status, version))
        self.put("/var/lib/dpkg/info/{}.list".format(name), "".join(path + "\n" for path in paths))

    def distribution(self, site, name, version, *files, record=True):
        """Install a distribution as pip does; return all of its paths."""
        metadata = "{}/{}-{}.dist-info".format(site, name, version)
        paths = ["{}/{}".format(site, file) for file in files] + [metadata + "/METADATA"]
        for path in paths:
            self.put(path)
        self.put(
            metadata + "/METADATA", "Metadata-Version: 2.1\nName: {}\nVersion: {}\n".format(name, version)
        )
        if record:
            paths.append(metadata + "/RECORD")
            rows = "".join("{},,\n".format(os.path.relpath(path, site)) for path in paths)
            self.put(metadata + "/RECORD", rows)
        return paths

    def environment(self, path):
        """Make an environment of somebody else."""
        self.put(path + "/pyvenv.cfg", "home = /usr/bin\nversion = 3.11.2\n")
        self.link(path + "/bin/python", "/usr/bin/python3")

    def root(self):
        """Return the system as the audit reads it."""
        return imageroot.Root(self.folder)

    def packages(self):
        """Return who owns what."""
        return packagedb.read(self.root())

    def audit(self):
        """Return the report; who runs the tests counts as root."""
        return report.make(self.folder, US)

    def unmanaged(self):
        """Return kind, name and path of what the gate names."""
        return [(each.kind, each.name, each.path) for each in self.audit().unmanaged]
