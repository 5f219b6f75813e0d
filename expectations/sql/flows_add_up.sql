-- One row per flow that is a total over sections or provinces; it fails if its parts do not sum to it (SPEC §5).
with flows as (

    unpivot (
        select period, area_version, area_level, area_code, section, m, b, e, f, a, h, r, s, jc, jd
        from {warehouse}.{schema}.labour_flows
    )
    on m, b, e, f, a, h, r, s, jc, jd into name measure value jobs

),

covered as (

    select area_version, lpad(province_code::varchar, 2, '0') as area_code
    from {warehouse}.cells.covered_areas
    where exists (select 1 from {warehouse}.run.covered_provinces)

),

parts as (

    select 'labour_flows: section' as object, * replace ('total' as section)
    from flows
    where section <> 'total'
    union all
    select 'labour_flows: provinces ' || area_version as object, * replace ('country' as area_level, 'VN' as area_code)
    from flows
    where area_level = 'province' and {country_stands}
    union all
    select 'labour_flows: provinces ' || f.area_version as object, f.* replace ('country' as area_level, 'covered' as area_code)
    from flows as f
    inner join covered as c on f.area_version = c.area_version and f.area_code = c.area_code
    where f.area_level = 'province'

),

totals as (

    select 'labour_flows: section' as object, * from flows where section = 'total'
    union all
    select 'labour_flows: provinces ' || area_version as object, * from flows where area_level = 'country'

),

sums as (

    select object, period, area_version, area_level, area_code, section, measure, sum(jobs) as jobs
    from parts
    group by all

)

select
    object,
    t.jobs is distinct from s.jobs as failed,
    period, area_version, area_level, area_code, section, measure,
    t.jobs as total_jobs,
    s.jobs as summed_jobs
from totals as t
full join sums as s using (object, period, area_version, area_level, area_code, section, measure)
