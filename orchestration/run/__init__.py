"""One run from landing to release: its steps, what it notes in schema ``run``, and whether there is anything new."""
