{#
  The rows of `covered` as they may be shown: a suppressed row keeps its place, its figures are null and its status says
  so (SPEC §5). `keys` tell its rows apart, in `suppressed` too.
#}
{% macro protected(covered, suppressed, keys, figures, others) %}
select
    {% for name in keys %}
    c.{{ name }},
    {% endfor %}
    {% for name in figures %}
    case when s.hidden_by is null then c.{{ name }} end as {{ name }},
    {% endfor %}
    {% for name in others %}
    c.{{ name }},
    {% endfor %}
    case when s.hidden_by is null then c.status else 'suppressed' end as status,
    c.release_id
from {{ covered }} as c
left join {{ suppressed }} as s
    on {% for name in keys %}c.{{ name }} = s.{{ name }}{{ ' and ' if not loop.last }}{% endfor %}
{% endmacro %}
