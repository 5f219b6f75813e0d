-- Every finest count as published, one row each: what a release is remembered by, and compared with the next of its
-- period. Counts that came to nothing are left out: a reader sees no difference to those that are not there.
{% for model, finest in finest_counts().items() -%}
select
    '{{ finest.table }}' as table_name,
    {{ quarter_text('quarter') if 'quarter' in finest.key else 'cast(year as varchar)' }} as period,
    concat_ws(
        '|'
        {%- if finest.called %}, '{{ finest.called }}'{% endif %}
        {%- for column in finest.key if column not in ('quarter', 'year') %},
        coalesce(cast({{ column }} as varchar), '')
        {%- endfor %}
    ) as atom,
    concat_ws('|', {{ finest.counts | join(', ') }}) as figures
from {{ ref(model) }}
where {{ finest.whole }} > 0
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
