#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Arguments in, one look at the system, the report out.

Python 2.7 can read it too, and so say that it is too old.
"""

DOCUMENTATION = r"""
---
module: testnode_python_audit
short_description: Say which Python a system has, and who owns it
description:
  - Reads which interpreters, environments, packages and commands there are, and which of them no package of
    dpkg or rpm owns, as C(testnode-python audit) does.
  - Nothing of the system is run and nothing is written. Who is not root sees less, and is told what.
options:
  root:
    description: The system to look at, such as an image that is mounted there.
    type: str
    default: /
  fail_on:
    description: Fail where something in the global Python has no owner, or that cannot be said, V(unmanaged).
    type: str
    choices: ['', unmanaged]
    default: ''
author:
  - The engineers of testnode-python
"""

EXAMPLES = r"""
- name: See which Python there is
  testnode_python_audit:
  become: true

- name: Stop an image whose global Python is not the distribution's alone
  testnode_python_audit:
    root: /mnt/image
    fail_on: unmanaged
  become: true
"""

RETURN = r"""
clean:
  description: Whether packages own all of the global Python, and all of it could be read.
  type: bool
  returned: where the system could be looked at, in a failure too
report:
  description: What C(testnode-python audit --json) prints; of a whole system it may have some hundred kB.
  type: dict
  returned: as C(clean)
text:
  description: The same as tables for people.
  type: str
  returned: as C(clean)
"""

import sys

from ansible.module_utils.basic import AnsibleModule

OLDEST = (3, 6)


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "str", "default": "/"},
            "fail_on": {"type": "str", "choices": ["", "unmanaged"], "default": ""},
        },
        supports_check_mode=True,
    )
    if sys.version_info < OLDEST:
        words = "Python {0}.{1} is too old for testnode-python, which needs 3.6".format(*sys.version_info)
        module.fail_json(msg=words + "; set ansible_python_interpreter to a newer one")
    audit(module)


def audit(module):
    """Make one call of the library."""
    # Python 2 could not even read them.
    from ansible.module_utils.testnode_python.audit import report, text
    from ansible.module_utils.testnode_python.errors import Error

    answer = {"changed": False}
    try:
        made = report.make(module.params["root"])
        data = made.as_dict()
        answer.update(clean=data["clean"], report=data, text=text.of(made))
        if module.params["fail_on"]:
            report.refuse_unmanaged(made)
    except Error as error:
        module.fail_json(msg=str(error), **answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
