"""The image side: what a precache is made from, and making it.

Python 3.10 and the libraries of the ``builder`` extra; ``verify`` and ``show``
need the standard library alone.
"""
