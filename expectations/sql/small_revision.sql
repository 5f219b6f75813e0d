-- One row per period that this release and the one before of its as-of quarter both show, and that this one revises; it fails
-- if fewer than ten of its finest counts are other ones: who compares the two sees where something changed.
with revised as (

    select period
    from {warehouse}.disclosure.atoms as n
    full join read_parquet('{remembered}') as o using (table_name, period, atom)
    where n.figures is distinct from o.figures

)

select 'finest counts by period' as object, count(*) < 10 as failed, period, count(*) as revised
from revised
group by period
