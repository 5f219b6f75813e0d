"""What must hold, how it is measured, and what follows when it does not.

Belongs here: what every published table is (``catalogue.yaml``), the checks as data (``checks.yaml``, with the
SQL of their rows in ``sql/``), the suites of expectations of published tables (``suites/``), the three gates of SPEC §6, and the
judging, which Great Expectations does in gates 2 and 3 (``validating`` alone imports it). Of large tables a gate measures first, one SQL scan a
check, and only the counts (rows checked, rows failed) are judged; suites of tables give counts too: no check result, log or
exception ever holds a name, an identifier or a date of birth.

Does not belong here: reading deliveries (``sources``), building tables (``dbt_project``), deciding
what a verdict does to a run or a release (``orchestration``, ``releases``), anything of Dagster.
"""
