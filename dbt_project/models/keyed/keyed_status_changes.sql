{{ config(materialized='summed', meta={
    'keys': ['lag', 'quarter', 'province_2024', 'province_2025', 'sex', 'age_group', 'from_status', 'to_status'],
    'counts': 'persons',
}) }}
-- Residents at a reference date who were residents a quarter or a year before, by both statuses (SPEC §5, transitions),
-- with the sum of their record keys.
with histories as (

    {{ status_histories(beside('person_quarters')) | indent(4) }}

),

-- once by both statuses before, so that each person and quarter is looked at once
by_statuses as (

    select
        n.quarter,
        n.province_2024,
        n.province_2025,
        n.is_male,
        case when n.age_months < 300 then 0 when n.age_months < 660 then 1 else 2 end as age_class,
        {{ status_before('h.statuses', 'n.quarter', 1) }} as quarter_before,
        {{ status_before('h.statuses', 'n.quarter', 4) }} as year_before,
        n.status,
        count(*) as persons,
        sum(k.record_key) as persons_key
    from {{ counted('person_quarters') }} as n
    inner join histories as h on n.person_key = h.person_key and {{ era_of('n.quarter') }} = h.era
    inner join {{ ref('stg_record_keys') }} as k on n.person_key = k.person_key
    group by
        n.quarter, n.province_2024, n.province_2025, n.is_male,
        case when n.age_months < 300 then 0 when n.age_months < 660 then 1 else 2 end,
        {{ status_before('h.statuses', 'n.quarter', 1) }},
        {{ status_before('h.statuses', 'n.quarter', 4) }},
        n.status

),

pairs as (

    {% for lag in ['quarter', 'year'] -%}
    select
        '{{ lag }}' as lag,
        quarter,
        province_2024,
        province_2025,
        is_male,
        age_class,
        {{ lag }}_before - 1 as from_status,
        status as to_status,
        persons,
        persons_key
    from by_statuses
    where {{ lag }}_before > 0
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    p.lag,
    p.quarter,
    {{ province_text('p.province_2024') }} as province_2024,
    {{ province_text('p.province_2025') }} as province_2025,
    case when p.is_male then 'male' else 'female' end as sex,
    case p.age_class when 0 then '15-24' when 1 then '25-54' else '55+' end as age_group,
    {{ status_text('p.from_status') }} as from_status,
    {{ status_text('p.to_status') }} as to_status,
    cast(sum(p.persons) as bigint) as persons,
    cast(sum(p.persons_key) as bigint) as persons_key
from pairs as p
group by
    p.lag, p.quarter, p.province_2024, p.province_2025, p.is_male, p.age_class, p.from_status, p.to_status
