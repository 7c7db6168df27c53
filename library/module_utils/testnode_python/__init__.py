"""Make Python tools ready on CI test nodes.

The node side (every module here but ``builder``) needs the standard library of
CPython 3.6 alone; ``builder`` is the image side and needs what the ``builder``
extra of setup.cfg names.
"""
