"""What agencies send, and how it is read.

Belongs here: the contracts (one ODCS file per source), the landing area and its deliveries, the
readers of each file format, the cleaning rules of SPEC §1-2, row accounting, the restricted
database that holds accepted and quarantined rows, and the simulator of synthetic deliveries.

Does not belong here: linking, statuses, indicators (``dbt_project``), verdicts on what was read
(``expectations``), anything that knows of Dagster (``orchestration``).
"""
