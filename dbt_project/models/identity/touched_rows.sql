-- Rows of deliveries that count as before and whose link may be another than in the kept tables: their ID's line in the
-- spine, or what resolved them, is another. Empty unless the run is an increment.
{%- set is_increment = increment() is not none %}
{%- set spine, before = ref('spine'), left_of('spine') %}
{% if not is_increment %}
select
    cast(null as varchar) as source,
    cast(null as bigint) as row_id
from {{ spine }}
{% for source_name in linked_sources() %}{% set _ = ref('stg_' ~ source_name), ref('resolved_' ~ source_name) %}{% endfor -%}
where false
{% else %}
with changed_ids as (

    select coalesce(n.citizen_id, o.citizen_id) as citizen_id
    from {{ spine }} as n
    full outer join {{ before }} as o on n.citizen_id = o.citizen_id
    where n.citizen_id is null or o.citizen_id is null
        or n.person_id is distinct from o.person_id or n.person_key is distinct from o.person_key
        or n.birth_date is distinct from o.birth_date or n.birth_precision is distinct from o.birth_precision

)

{% for source_name in linked_sources() %}
{%- set resolved, resolved_before = ref('resolved_' ~ source_name), left_of('resolved_' ~ source_name) %}
select '{{ source_name }}' as source, r.row_id
from {{ ref('stg_' ~ source_name) }} as r
where {{ usable_id('r') }} in (select c.citizen_id from changed_ids as c)
union
select '{{ source_name }}' as source, coalesce(n.row_id, o.row_id) as row_id
from {{ resolved }} as n
full outer join {{ resolved_before }} as o on n.row_id = o.row_id
where n.row_id is null or o.row_id is null
    or n.citizen_id is distinct from o.citizen_id or n.person_key is distinct from o.person_key or n.rule is distinct from o.rule
    or n.citizen_id in (select c.citizen_id from changed_ids as c)
{% if not loop.last %}union{% endif %}
{% endfor %}
{% endif %}
