-- One row per cell of what is published, or of what the models make of the changed finest counts; it fails if the two differ. Where
-- a part of the country is covered, cells of areas that are published nowhere are left aside.
with areas as (

    {% for t in tables %}
    select distinct area_version, area_level, area_code
    from {warehouse}.published.{{ t.name }}
    where {{ t.made_rows }} and exists (select 1 from {warehouse}.run.covered_provinces)
    {% if not loop.last %}
    union
    {% endif %}
    {% endfor %}

),

whole as (

    select count(*) = 0 as country_is_covered from {warehouse}.run.covered_provinces

)

{% for t in tables %}
select
    '{{ t.name }}' as object,
    not coalesce(
        ({{ t.figures | listed('p.') }})
        is not distinct from ({{ t.figures | listed('c.') }})
        and p.{{ t.status }} = c.{{ t.status }}
    {% if t.hidden %}
        and p.{{ t.hidden }} is not distinct from c.{{ t.hidden }}
    {% endif %}
        , false
    ) as failed,
    {{ t.key | listed }}
from (select * from {warehouse}.published.{{ t.name }} where {{ t.made_rows }}) as p
full join {warehouse}.disclosure.{{ t.made_table }} as c
    using ({{ t.key | listed }})
cross join whole as w
where w.country_is_covered or (area_version, area_level, area_code) in (from areas)
{% if not loop.last %}
union all by name
{% endif %}
{% endfor %}
