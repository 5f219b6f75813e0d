"""``python -m orchestration``: the ``labourdb`` command line."""

from orchestration.cli import main

main()
