"""Reading what others sent, apart: a child process with limits reads untrusted files, this one gets rows or a reason.

``limits`` says how much a file may take, ``process`` is this side, ``worker`` the child, ``wire`` what passes between
them. It bounds what a file can cost; it is no sandbox against a reader that has been taken over.
"""
