"""The wires: Dagster definitions, the ``labourdb`` command line, the run from landing to release.

Belongs here: a home's folders, lock and settings; assets, checks, jobs, schedules and sensors; running dbt
in process; what people see on the terminal. Only this package knows of Dagster.

Does not belong here: how rows are read (``sources``), what they mean (``dbt_project``), what is good enough
(``expectations``), how a release is written (``releases``).
"""
