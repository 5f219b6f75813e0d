-- One row per register figure that is a total over a dimension; it fails if its parts do not sum to it.
-- A cell without persons may be left out, so an absent part counts as zero; an absent total never does. Then the rows of parts_add_up,
-- of the tables that no check of their own looks at.
{% set indicators, cell = catalogue.indicators, catalogue.indicators.key | reject('equalto', 'basis') | list %}
with figures as (

    select {{ cell | listed }}, numerator, denominator
    from {warehouse}.{schema}.indicators
    where basis = 'register'

),

-- the area one level up (of communes: their province, as districts are not exact)
wholes as (

    select
        '2024' as area_version, 'commune' as area_level,
        lpad(commune_code::varchar, 5, '0') as area_code, lpad(province_2024::varchar, 2, '0') as whole_code
    from {warehouse}.reference.communes
    where area_version = '2024'
    union all
    select
        '2025' as area_version, 'commune' as area_level,
        lpad(commune_code::varchar, 5, '0') as area_code, lpad(province_2025::varchar, 2, '0') as whole_code
    from {warehouse}.reference.communes
    where area_version = '2025'
    union all
    select area_version, 'commune' as area_level, code || ':unallocated' as area_code, code as whole_code
    from {warehouse}.reference.areas
    where level = 'province'
    union all
    select area_version, 'province' as area_level, code as area_code, 'VN' as whole_code
    from {warehouse}.reference.areas
    where level = 'province' and {country_stands}
    union all
    -- where a part of the country is set as covered, its provinces sum to it as well
    select
        area_version, 'province' as area_level, lpad(province_code::varchar, 2, '0') as area_code, 'covered' as whole_code
    from {warehouse}.cells.covered_areas
    where exists (select 1 from {warehouse}.run.covered_provinces)

),

parts as (

    select 'indicators: sex' as object, * replace ('total' as sex)
    from figures
    where sex <> 'total'
    union all
    select 'indicators: age_group' as object, * replace ('total' as age_group)
    from figures
    where age_group in ('{{ indicators.parts.age_group | join("', '") }}')
    union all
    select 'indicators: urban_rural' as object, * replace ('total' as urban_rural)
    from figures
    where urban_rural <> 'total'
    union all
    select
        'indicators: ' || case f.area_level when 'commune' then 'communes ' else 'provinces ' end || f.area_version,
        f.* replace (
            case f.area_level when 'commune' then 'province' else 'country' end as area_level,
            coalesce(w.whole_code, 'not in the list') as area_code
        )
    from figures as f
    left join wholes as w using (area_version, area_level, area_code)
    where f.area_level in ('commune', 'province')

),

sums as (

    select
        object, {{ cell | listed }},
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        count(*) as part_count,
        count(numerator) as known_parts
    from parts
    group by object, {{ cell | listed }}

),

totals as (

    select 'indicators: sex' as object, *
    from figures
    where sex = 'total' and area_level in ('country', 'province')
    union all
    select 'indicators: age_group' as object, *
    from figures
    where age_group = 'total' and area_level in ('country', 'province')
    union all
    select 'indicators: urban_rural' as object, *
    from figures
    where urban_rural = 'total' and area_level in ('country', 'province')
    union all
    select 'indicators: provinces ' || area_version as object, *
    from figures
    where area_level = 'country'
    union all
    select 'indicators: communes ' || area_version as object, *
    from figures
    where area_level = 'province' and sex = 'total' and age_group = 'total' and urban_rural = 'total'

)

select
    object,
    t.found is null
    or coalesce(t.numerator, 0) <> coalesce(s.numerator, 0)
    or coalesce(t.denominator, 0) <> coalesce(s.denominator, 0)
    or coalesce(s.known_parts not in (0, s.part_count), false)
    or coalesce((t.numerator is null) <> (s.known_parts = 0), false) as failed,
    {{ cell | listed }},
    t.numerator as total_numerator,
    s.numerator as summed_numerator,
    t.denominator as total_denominator,
    s.denominator as summed_denominator,
    s.part_count
from (select *, true as found from totals) as t
full join sums as s
    using (object, {{ cell | listed }})
{% set tables = tables | rejectattr('name', 'equalto', 'indicators') | list %}
{% if tables %}

union all by name
{% include 'parts_add_up.sql' %}
{% endif %}
