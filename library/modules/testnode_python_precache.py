#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Arguments in, one call of the library, what came of it out.

Python 2.7 can read it too, and so say that it is too old.
"""

DOCUMENTATION = r"""
---
module: testnode_python_precache
short_description: Give a node its precache
description:
  - Copies a precache that is on the node to where nodes look for one, for the targets of the node alone.
  - Every file is hashed on its way, and the link C(current) leads to it when all of it is there.
  - It takes root.
options:
  source:
    description: A precache on the node; empty to use one that is in O(folder) already.
    type: str
    default: ''
  digest:
    description: The digest of its locks, by which it is named.
    type: str
    default: ''
  folder:
    description: The folder that holds precaches and the link.
    type: str
    default: /opt/cache/testnode-python
  keep:
    description: How many precaches beside the current one stay; the oldest go.
    type: int
    default: 1
  python:
    description: The Python that it is for, by default C(python3) on PATH.
    type: str
    default: ''
  required:
    description: Whether it is an error that there is no such precache and no source.
    type: bool
    default: false
author:
  - The engineers of testnode-python
"""

EXAMPLES = r"""
- name: Copy a precache
  testnode_python_precache:
    source: /mnt/precache
  become: true

- name: Roll back to the one of before
  testnode_python_precache:
    digest: 0f343b0931126a20f133d67c2b018a3b1f343b0931126a20f133d67c2b018a3b
  become: true
"""

RETURN = r"""
missing:
  description: Whether there is no such precache, and no source was given.
  type: bool
  returned: success
folder:
  description: The folder of the precache that is current now.
  type: str
  returned: success
removed:
  description: The folders of old ones that were removed.
  type: list
  returned: success
"""

import os
import sys

from ansible.module_utils.basic import AnsibleModule

OLDEST = (3, 6)


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "source": {"type": "str", "default": ""},
            "digest": {"type": "str", "default": ""},
            "folder": {"type": "str", "default": "/opt/cache/testnode-python"},
            "keep": {"type": "int", "default": 1},
            "python": {"type": "str", "default": ""},
            "required": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    if sys.version_info < OLDEST:
        words = "Python {0}.{1} is too old for testnode-python, which needs 3.6".format(*sys.version_info)
        module.fail_json(msg=words + "; set ansible_python_interpreter to a newer one")
    install(module.params, module)


def install(params, module):
    """Make one call of the library."""
    # Python 2 could not even read them.
    from ansible.module_utils.testnode_python import copies
    from ansible.module_utils.testnode_python.errors import Error

    try:
        done = copies.install(
            copies.Wanted(
                params["source"], params["digest"], params["python"], params["required"], module.check_mode
            ),
            params["folder"],
            max(params["keep"], 0),
            dict(os.environ),
        )
    except Error as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=done.changed, missing=not done.folder, folder=done.folder, removed=done.removed)


if __name__ == "__main__":
    main()
