-- How many rows published tables should have, by the names suites use: quarters x areas x groups x indicators, files, targets.
with cells as (

    select distinct period, area_version, area_level, area_code, sex, age_group, urban_rural
    from {warehouse}.published.indicators
    where basis = 'register'

),

-- quarters in which persons live there, whatever was counted of them
places as (

    select distinct period, area_version, area_level, area_code
    from cells

),

grid as (

    select 'plan_targets' as parameter, count(*) as rows
    from {warehouse}.reference.plan_targets
    union all
    select 'files' as parameter, count(*) as rows
    from {warehouse}.candidates.row_accounting
    union all
    select 'register_cells' as parameter, (select count(*) from cells) * count(*) as rows
    from {warehouse}.reference.indicator_definitions
    union all
    select 'register_totals' as parameter, (select count(*) from places) * count(*) as rows
    from {warehouse}.reference.indicator_definitions
    union all
    select 'flow_totals' as parameter, count(*) as rows
    from (select distinct period, area_version, area_level, area_code from {warehouse}.published.labour_flows)
    union all
    select 'transition_totals' as parameter, count(*) as rows
    from (
        select distinct period, lag, area_version, area_level, area_code, from_status, to_status
        from {warehouse}.published.transitions
    )
    union all
    select 'training_totals' as parameter, count(*) as rows
    from (select distinct year, area_version, area_level, area_code from {warehouse}.published.training_outcomes)

)

select parameter, rows
from grid
