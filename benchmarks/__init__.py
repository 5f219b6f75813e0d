"""What a run costs, and where: wall, CPU seconds and peak memory by step, as tables of ratios.

``python -m benchmarks`` (``make bench``) simulates worlds of growing size and runs each in a process of its
own. Goals live here, never in timed tests. Does not belong here: correctness (``tests``).
"""
