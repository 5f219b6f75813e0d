-- Survey figures passed through in their own area list, in one unit, and productivity derived from them
-- (SPEC §5, basis official).
with latest as (

    select
        indicator, area_version, area_code, period, sex, age_group, urban_rural,
        {{ in_published_unit('value') }} as value,
        {{ in_published_unit('ci_low') }} as ci_low,
        {{ in_published_unit('ci_high') }} as ci_high,
        {{ published_unit() }} as unit
    from {{ ref('stg_official_statistics') }}
    qualify
        row_number() over (
            partition by indicator, area_version, area_code, period, sex, age_group, urban_rural order by row_id desc
        ) = 1

),

productivity as (

    select
        g.area_version,
        g.area_code,
        g.period,
        g.sex,
        g.age_group,
        g.urban_rural,
        g.value * 1e9 / e.value as value
    from latest as g
    inner join latest as e
        on g.area_version = e.area_version and g.area_code = e.area_code and g.period = e.period
        and g.sex = e.sex and g.age_group = e.age_group and g.urban_rural = e.urban_rural
    where g.indicator = 'grdp_constant_2010' and e.indicator = 'employed_average' and e.value > 0

),

growth as (

    select
        p.area_version,
        p.area_code,
        p.period,
        p.sex,
        p.age_group,
        p.urban_rural,
        (power(p.value / b.value, 1.0 / (cast(p.period as integer) - 2020)) - 1) * 100 as value
    from productivity as p
    inner join productivity as b
        on p.area_version = b.area_version and p.area_code = b.area_code and p.sex = b.sex
        and p.age_group = b.age_group and p.urban_rural = b.urban_rural
    where b.period = '2020' and length(p.period) = 4 and p.period <> '2020' and b.value > 0

),

derived as (

    select 'labour_productivity' as indicator, 'VND_per_person' as unit, * from productivity
    union all
    select 'labour_productivity_growth' as indicator, 'percent_per_year' as unit, * from growth

),

published as (

    select
        indicator, area_version, area_code, period, sex, age_group, urban_rural, value, ci_low, ci_high, unit
    from latest
    union all
    -- what the statistics office publishes itself goes before what is derived
    select
        d.indicator, d.area_version, d.area_code, d.period, d.sex, d.age_group, d.urban_rural,
        d.value, null as ci_low, null as ci_high, d.unit
    from derived as d
    left join latest as o
        on d.indicator = o.indicator and d.area_version = o.area_version and d.area_code = o.area_code
        and d.period = o.period and d.sex = o.sex and d.age_group = o.age_group and d.urban_rural = o.urban_rural
    where o.indicator is null

)

select
    p.indicator,
    'official' as basis,
    p.period,
    p.area_version as area_version,
    n.area_level,
    p.area_code,
    n.area_name,
    p.sex,
    p.age_group,
    p.urban_rural,
    cast(null as bigint) as numerator,
    cast(null as bigint) as denominator,
    p.value,
    p.ci_low,
    p.ci_high,
    p.unit,
    'released' as status
from published as p
inner join {{ ref('area_names') }} as n
    on p.area_version = n.area_version and p.area_code = n.area_code
