-- One row per cell and identity. A count that is not available has its step of the ladder skipped, hence is zero.
with counts as (

    select
        indicator, period, area_version, area_level, area_code, sex, age_group, urban_rural,
        case when status = 'not_available' then 0 else numerator end as persons
    from {warehouse}.{schema}.indicators
    where basis = 'register' and indicator in (
        'population_15_plus', 'labour_force', 'employed', 'unemployed', 'inactive', 'abroad', 'status_unknown'
    )

),

cells as (

    select
        period, area_version, area_level, area_code, sex, age_group, urban_rural,
        max(persons) filter (where indicator = 'population_15_plus') as population,
        max(persons) filter (where indicator = 'labour_force') as labour_force,
        max(persons) filter (where indicator = 'employed') as employed,
        max(persons) filter (where indicator = 'unemployed') as unemployed,
        max(persons) filter (where indicator = 'inactive') as inactive,
        max(persons) filter (where indicator = 'abroad') as abroad,
        max(persons) filter (where indicator = 'status_unknown') as status_unknown
    from counts
    group by period, area_version, area_level, area_code, sex, age_group, urban_rural

)

select
    'indicators: labour_force' as object,
    coalesce(labour_force <> employed + unemployed, true) as failed,
    *
from cells
union all
select
    'indicators: population_15_plus' as object,
    coalesce(population <> employed + unemployed + inactive + abroad + status_unknown, true) as failed,
    *
from cells
