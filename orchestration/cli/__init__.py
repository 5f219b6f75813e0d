"""The ``labourdb`` command line (SPEC §8): a module for each command, with what it prints beside it."""
