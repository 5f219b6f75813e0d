{#
  Accepted rows of a source's deliveries in force up to the cut-off, with the delivery's month and the area
  list its codes belong to; where rows name their own list, that one stands.
#}
{% macro rows_in_force(source_name, own_area_version=false) %}
select
    r.*,
    {% if not own_area_version %}d.area_version,{% endif %}
    d.period_month,
    d.revision
from {{ source('landing', source_name) }} as r
inner join {{ source('run', 'deliveries_in_force') }} as d
    on d.source = '{{ source_name }}' and r.delivery_key = d.delivery_key
{% endmacro %}
