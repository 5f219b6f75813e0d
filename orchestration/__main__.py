"""``python -m orchestration``: the ``labourdb`` command line."""

from orchestration.cli.main import main

main()
