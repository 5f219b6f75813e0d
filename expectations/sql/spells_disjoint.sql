-- One row per spell; it fails if it ends before it begins, or if the next of the same person and employer does not begin
-- after a gap: they would overlap, or be one.
select
    'labour.job_spells' as object,
    first_month > last_month or coalesce(next_first_month <= last_month + 1, false) as failed,
    person_key,
    employer_key,
    first_month,
    last_month,
    next_first_month
from (
    select *, lead(first_month) over (partition by person_key, employer_key order by first_month, last_month) as next_first_month
    from {warehouse}.labour.spells
)
