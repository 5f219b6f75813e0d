-- One row per quarter whose population aged 15+ can be compared with that of the quarter before; it fails if it moved too far.
-- Compared are the persons that are published, of the covered provinces. The quarter before must have had population
-- deliveries from its first month on, for a register that is being filled grows, and 50 persons: of fewer, a family is much.
with persons as (

    select quarter, count(*) as persons
    from {warehouse}.labour.person_quarters
    where not exists (select 1 from {warehouse}.run.covered_provinces)
        or province_2024 in (select province_code from {warehouse}.run.covered_provinces)
    group by quarter

)

select
    case when q.reference_month = p.cutoff_month then 'as-of quarter' else 'earlier quarters' end as object,
    abs(coalesce(n.persons, 0) - b.persons) > {tolerance} * b.persons as failed,
    q.period as quarter_text,
    b.persons as persons_before,
    coalesce(n.persons, 0) as persons_now
from {warehouse}.run.quarters as q
cross join {warehouse}.run.parameters as p
inner join persons as b on q.quarter = b.quarter + 1
left join persons as n on q.quarter = n.quarter
where b.persons >= 50
    and 3 * b.quarter >= (
        select min(period_month)
        from {warehouse}.run.deliveries_in_force
        where source = 'population'
    )
