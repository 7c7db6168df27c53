#!/usr/bin/python
"""Stands for Zuul's own, which tests/zuul has: takes the same, and keeps nothing."""

from ansible.module_utils.basic import AnsibleModule


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec={"data": {"type": "dict", "required": True}})
    module.exit_json(changed=False, data=module.params["data"])


if __name__ == "__main__":
    main()
