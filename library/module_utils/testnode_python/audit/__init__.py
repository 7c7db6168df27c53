"""What Python a system has and who owns it, read from its files: nothing of it is run.

``imageroot`` reads the files, the nouns above it find things, ``report`` puts
them together and decides, ``text`` is for people.
"""
