-- The steps of the status ladder, as the macro ladder() states them, for those who cannot call it: `labourdb explain`
-- and the manifest.
{% for step in ladder() -%}
select
    cast({{ step['bit'] }} as smallint) as bit,
    '{{ step['step'] }}' as step,
    '{{ step['source'] }}' as source,
    {% if step.get('status') %}'{{ step['status'] }}'{% else %}cast(null as varchar){% endif %} as status,
    '{{ step.get('record', step['step']) }}' as record
{% if not loop.last %}union all{% endif %}
{% endfor %}
