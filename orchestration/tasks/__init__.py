"""What commands other than ``run`` do, and what developers run: one module a task.

Belongs here: work on a home or on the project's own files that no run needs, such as the files made from the contracts.

Does not belong here: the words and options of commands, steps of a run, domain rules.
"""
