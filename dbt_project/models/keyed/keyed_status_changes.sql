{{ config(materialized='summed', meta={'keys': ['lag', 'quarter', 'province_2024', 'province_2025', 'sex', 'age_group', 'from_status', 'to_status'], 'counts': 'persons'}) }}
-- Residents at a reference date who were residents a quarter or a year before, by both statuses (SPEC §5, transitions),
-- with the sum of their record keys.
with pairs as (

    {% for name, quarters in [('quarter', 1), ('year', 4)] -%}
    select
        '{{ name }}' as lag,
        n.person_key,
        n.quarter,
        n.province_2024,
        n.province_2025,
        n.is_male,
        case when n.age_months < 300 then 0 when n.age_months < 660 then 1 else 2 end as age_class,
        b.status as from_status,
        n.status as to_status
    from {{ counted('person_quarters') }} as n
    inner join {{ beside('person_quarters') }} as b
        on n.person_key = b.person_key and n.quarter - {{ quarters }} = b.quarter
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
    count(*) as persons,
    cast(sum(k.record_key) as bigint) as persons_key
from pairs as p
inner join {{ ref('stg_record_keys') }} as k on p.person_key = k.person_key
group by
    p.lag, p.quarter, p.province_2024, p.province_2025, p.is_male, p.age_class, p.from_status, p.to_status
