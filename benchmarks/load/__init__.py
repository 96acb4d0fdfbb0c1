"""The load: raw sockets in a process of their own, so that it is not what is measured.

What comes in is searched for marks and never parsed; see `text`.
"""
