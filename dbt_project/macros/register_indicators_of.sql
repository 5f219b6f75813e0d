{#
  The register's indicators, one row per indicator and cell (SPEC §5, basis register), of `cells` and the `medians` of the
  same cells; `hidden` says of a row of medians (w) whether it must not be shown. What cannot be told has no figure, and
  what is known of under half of those it should is low_coverage, by the counts given here: noisy ones are judged as noisy.
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
        u.indicator is not null as is_untold,
        {{ measure_named('d.numerator') }} as numerator,
        {{ measure_named('d.denominator') }} as denominator,
        coalesce({{ measure_named('d.known') }} * 2 < {{ measure_named('d.known_of') }}, false) as column_is_unknown,
        c.population_with_status * 5 < c.population * 4 as status_is_unknown,
        w.median_wage,
        coalesce({{ hidden }}, false) as median_is_hidden
    from {{ cells }} as c
    cross join {{ ref('indicator_definitions') }} as d
    left join {{ ref('untold_indicators') }} as u on d.indicator = u.indicator
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
    case when not d.is_untold then d.numerator end as numerator,
    case when not d.is_untold and d.kind <> 'count' then d.denominator end as denominator,
    case
        when d.is_untold then null
        when d.kind = 'count' then cast(d.numerator as double)
        when d.kind = 'median' then case when d.numerator > 0 then d.median_wage end
        when d.denominator > 0 then 100.0 * cast(d.numerator as double) / cast(d.denominator as double)
    end as value,
    cast(null as double) as ci_low,
    cast(null as double) as ci_high,
    d.unit,
    case
        when d.is_untold then 'not_available'
        -- noise may leave nobody whose median it would be
        when d.kind = 'median' and (d.median_is_hidden or (d.numerator = 0 and d.median_wage is not null)) then 'suppressed'
        -- before provisional: what is not known of most is no figure yet, and its last quarter is where it is gone first
        when d.column_is_unknown then 'low_coverage'
        when d.quarter = p.as_of_quarter then 'provisional'
        when d.unit = 'percent' and d.status_is_unknown then 'low_coverage'
        else 'released'
    end as status
from defined as d
cross join {{ source('run', 'parameters') }} as p
inner join {{ ref('area_names') }} as n
    on d.area_version = n.area_version and d.area_level = n.area_level and d.area_code = n.area_code
{% endmacro %}
