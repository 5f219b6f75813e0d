-- Flows of each cell from quarter to quarter, and of the country against the spells they come from (SPEC §5).
with flows as (

    select f.*, q.quarter
    from {warehouse}.{schema}.labour_flows as f
    inner join {warehouse}.run.flow_quarters as q using (period)

),

-- a cell without jobs is left out and counts as zero
neighbours as (

    select
        quarter, area_version, area_level, area_code, section,
        coalesce(n.b, 0) as at_beginning,
        coalesce(p.e, 0) as at_end_before
    from flows as n
    full join (select * replace (quarter + 1 as quarter) from flows) as p
        using (quarter, area_version, area_level, area_code, section)

),

-- jobs of the spells themselves: a person with an employer counts once a quarter
jobs as (

    select q.quarter, count(distinct (s.person_key, s.employer_key)) filter (where s.person_key is not null) as jobs
    from {warehouse}.run.flow_quarters as q
    left join {warehouse}.labour.spells as s
        on q.quarter between s.first_month // 3 and s.last_month // 3
    group by q.quarter

)

select
    'labour_flows: quarters' as object,
    n.at_beginning <> n.at_end_before as failed,
    n.quarter, n.area_version, n.area_level, n.area_code, n.section,
    n.at_beginning as jobs_found,
    n.at_end_before as jobs_expected
from neighbours as n
inner join {warehouse}.run.flow_quarters as q on n.quarter = q.quarter and q.quarters_before > 0
union all
select
    'labour_flows: jobs' as object,
    j.jobs <> coalesce(f.m, 0) as failed,
    j.quarter, v.area_version, 'country' as area_level, 'VN' as area_code, 'total' as section,
    f.m as jobs_found,
    j.jobs as jobs_expected
from jobs as j
cross join (values ('2024'), ('2025')) as v (area_version)
left join flows as f
    on j.quarter = f.quarter and v.area_version = f.area_version and f.area_code = 'VN' and f.section = 'total'
where j.jobs > 0 or f.m > 0
