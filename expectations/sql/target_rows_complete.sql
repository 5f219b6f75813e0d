-- One row per plan target, or per line of target_progress without one; it fails unless there is one of each.
with targets as (

    select
        plan, province_code, area_version, target_year as year, indicator, basis, sex, age_group, urban_rural,
        comparator, value as target_value, count(*) as targets
    from {warehouse}.reference.plan_targets
    group by all

),

lines as (

    select
        plan, province_code, area_version, year, indicator, basis, sex, age_group, urban_rural,
        comparator, target_value, count(*) as line_count
    from {warehouse}.candidates.target_progress
    group by all

)

select
    'target_progress: plan targets' as object,
    t.targets is distinct from l.line_count as failed,
    plan, province_code, area_version, year, indicator, basis, sex, age_group, urban_rural, comparator, target_value,
    t.targets,
    l.line_count
from targets as t
full join lines as l
    using (
        plan, province_code, area_version, year, indicator, basis, sex, age_group, urban_rural, comparator, target_value
    )
