{#
  The register's indicators, one row per indicator and cell (SPEC §5, basis register), of `cells` and the `medians` of the
  same cells; `hidden` says of a row of medians (w) whether it must not be shown.
#}
{% macro register_indicators_of(cells, medians, hidden='false') %}
with defined as (

    select
        c.quarter,
        c.area_version,
        c.area_level,
        c.area_code,
        c.sex,
        c.age_group,
        c.urban_rural,
        d.indicator,
        d.kind,
        d.unit,
        m.source is not null as source_is_missing,
        {{ measure_named('d.numerator') }} as numerator,
        {{ measure_named('d.denominator') }} as denominator,
        c.population_with_status * 5 < c.population * 4 as low_coverage,
        w.median_wage,
        coalesce({{ hidden }}, false) as median_is_hidden
    from {{ cells }} as c
    cross join {{ ref('indicator_definitions') }} as d
    left join {{ source('run', 'missing_sources') }} as m on d.needs_source = m.source
    left join {{ medians }} as w
        on c.quarter = w.quarter and c.area_version = w.area_version and c.area_level = w.area_level
        and c.area_code = w.area_code and c.sex = w.sex and c.age_group = w.age_group
        and c.urban_rural = w.urban_rural

)

select
    d.indicator,
    'register' as basis,
    {{ quarter_text('d.quarter') }} as period,
    d.area_version,
    d.area_level,
    d.area_code,
    n.area_name,
    d.sex,
    d.age_group,
    d.urban_rural,
    case when not d.source_is_missing then d.numerator end as numerator,
    case when not d.source_is_missing and d.kind <> 'count' then d.denominator end as denominator,
    case
        when d.source_is_missing then null
        when d.kind = 'count' then cast(d.numerator as double)
        when d.kind = 'median' then case when d.numerator > 0 then d.median_wage end
        when d.denominator > 0 then 100.0 * cast(d.numerator as double) / cast(d.denominator as double)
    end as value,
    cast(null as double) as ci_low,
    cast(null as double) as ci_high,
    d.unit,
    case
        when d.source_is_missing then 'not_available'
        -- noise may leave nobody whose median it would be
        when d.kind = 'median' and (d.median_is_hidden or (d.numerator = 0 and d.median_wage is not null)) then 'suppressed'
        when d.quarter = p.as_of_quarter then 'provisional'
        when d.unit = 'percent' and d.low_coverage then 'low_coverage'
        else 'released'
    end as status
from defined as d
cross join {{ source('run', 'parameters') }} as p
inner join {{ ref('area_names') }} as n
    on d.area_version = n.area_version and d.area_level = n.area_level and d.area_code = n.area_code
{% endmacro %}
