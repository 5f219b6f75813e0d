-- One row per accepted row of a source that is linked to persons; it fails if it is linked to nobody.
{% for source in linked %}
select '{{ source }}' as object, person_key is null as failed, row_id, delivery_key, link_rule
from restricted.identity.linked_{{ source }}
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
