-- Rows of deliveries that count as before and whose link may be another than in the kept tables: their ID's line in the
-- spine, or what resolved them, is another. Empty unless the run is an increment.
{%- if not increment() %}
select
    cast(null as varchar) as source,
    cast(null as bigint) as row_id
from {{ ref('spine') }}
{% for source_name in linked_sources() -%}
{% set _ = ref('stg_' ~ source_name), ref('resolved_' ~ source_name) -%}
{% endfor -%}
where false
{% else %}
{{ touched_rows_of() }}
{% endif %}
