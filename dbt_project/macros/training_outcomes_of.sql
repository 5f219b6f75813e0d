{# What is counted of completions, and of what each is a part (see measures). #}
{% macro completion_parts() %}
{{ return({
    'completions': {},
    'employed_6m': {'part': {'completions': 1}},
    'employed_12m': {'part': {'completions': 1}},
    'same_province_2025': {'part': {'employed_12m': 1}},
    'same_province_2024': {'part': {'same_province_2025': 1}},
}) }}
{% endmacro %}

{#
  What became of those who completed training with a certificate, by year of completion (SPEC §5), of the finest counts
  `counts` and the `medians` of the same cells (w); `hidden` names in a row what of it must not be shown.
#}
{% macro training_outcomes_of(counts, medians, hidden='cast(null as varchar)') %}
with areas as (

    {{ by_area(counts) }}
),

cells as (

    select
        year,
        area_version,
        area_level,
        area_code,
        coalesce(field_code, 'total') as field_code,
        coalesce(level, 'total') as level,
        coalesce(kind, 'total') as kind,
        cast(sum(completions) as bigint) as completions,
        bool_and(observed_6m) as observed_6m,
        bool_and(observed_12m) as observed_12m,
        cast(sum(employed_6m) as bigint) as employed_6m,
        cast(sum(employed_12m) as bigint) as employed_12m,
        cast(sum(
            case area_version when '2024' then same_province_2024 else same_province_2025 end
        ) as bigint) as same_province_12m
    from areas
    group by year, area_version, area_level, area_code, cube(field_code, level, kind)
    having sum(completions) > 0

)

select
    c.year,
    c.area_version,
    c.area_level,
    c.area_code,
    c.field_code,
    c.level,
    c.kind,
    c.completions,
    case when c.observed_6m then c.employed_6m end as employed_6m,
    case when c.observed_12m then c.employed_12m end as employed_12m,
    case when c.observed_12m and c.employed_12m > 0 then w.median_wage end as median_wage_12m,
    case when c.observed_12m then c.same_province_12m end as same_province_12m,
    case when 12 * c.year + 23 > p.cutoff_month then 'provisional' else 'released' end as status,
    case when c.observed_12m then {{ hidden }} end as hidden,
    p.release_id
from cells as c
left join {{ medians }} as w
    on c.year = w.year and c.area_version = w.area_version and c.area_level = w.area_level
    and c.area_code = w.area_code and c.field_code = w.field_code and c.level = w.level and c.kind = w.kind
cross join {{ source('run', 'parameters') }} as p
{% endmacro %}
