"""What a run costs, and how that grows: CPU, wall, memory and disk by people, months and provinces, beside a lower bound.

``python -m benchmarks`` (``make bench``; ``make bench-quick`` in minutes) simulates worlds, runs each with ``labourdb run
--profile`` in a process of its own, then the ``lower_bound`` on the same files, and says which goals are met. ``docs/performance.md``
is made of what it kept. Goals live here (``goals``), never in timed tests. Does not belong here: correctness (``tests``).
"""
