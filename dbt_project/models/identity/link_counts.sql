-- Accepted rows of deliveries in force by source, delivery, rule, the row's sex and the linked person's province.
with last_known as (

    select
        p.person_key,
        c.province_2024
    from {{ ref('population_records') }} as p
    inner join {{ ref('communes') }} as c
        on p.area_version = c.area_version and p.commune_code = c.commune_code
    where p.valid_to is null

)

{% for source_name in linked_sources() -%}
select
    '{{ source_name }}' as source,
    r.delivery_key,
    r.link_rule,
    r.sex,
    k.province_2024,
    count(*) as row_count
from {{ ref('linked_' ~ source_name) }} as r
left join last_known as k on r.person_key = k.person_key
group by r.delivery_key, r.link_rule, r.sex, k.province_2024
{% if not loop.last %}union all{% endif %}
{% endfor %}
