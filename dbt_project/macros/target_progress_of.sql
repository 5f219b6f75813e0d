{# Where each province stands against each plan target, by the figures of one table of indicators (SPEC §5). #}
{% macro target_progress_of(indicators) %}
with figures as (

    select *
    from {{ indicators }}
    where area_level = 'province' and (basis = 'official' or right(period, 2) = 'Q4')

),

judged as (

    select
        t.plan,
        t.province_code,
        t.area_version,
        t.target_year as year,
        t.indicator,
        t.basis,
        t.sex,
        t.age_group,
        t.urban_rural,
        t.comparator,
        t.value as target_value,
        f.value,
        f.ci_low,
        f.ci_high,
        f.status,
        o.value as other_value,
        o.status as other_status,
        case t.comparator
            when '<' then f.value < t.value
            when '<=' then f.value <= t.value
            when '>' then f.value > t.value
            when '>=' then f.value >= t.value
        end as reached
    from {{ ref('plan_targets') }} as t
    left join figures as f
        on t.indicator = f.indicator and t.basis = f.basis and t.area_version = f.area_version
        and t.province_code = f.area_code and t.sex = f.sex and t.age_group = f.age_group
        and t.urban_rural = f.urban_rural
        and f.period = cast(t.target_year as varchar) || case t.basis when 'register' then 'Q4' else '' end
    left join figures as o
        on t.indicator = o.indicator and t.basis <> o.basis and t.area_version = o.area_version
        and t.province_code = o.area_code and t.sex = o.sex and t.age_group = o.age_group
        and t.urban_rural = o.urban_rural
        and o.period = cast(t.target_year as varchar) || case t.basis when 'register' then '' else 'Q4' end

)

select
    j.plan,
    j.province_code,
    j.area_version,
    j.year,
    j.indicator,
    j.basis,
    j.sex,
    j.age_group,
    j.urban_rural,
    j.comparator,
    j.target_value,
    j.value,
    j.ci_low,
    j.ci_high,
    case
        when j.value is null then 'no_data'
        when j.ci_low <= j.target_value and j.target_value <= j.ci_high then 'indeterminate'
        when j.reached then 'met'
        else 'not_met'
    end as verdict,
    j.other_value,
    j.other_status,
    p.release_id
from judged as j
cross join {{ source('run', 'parameters') }} as p
{% endmacro %}
