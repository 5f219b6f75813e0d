-- What is counted of persons, as the macro measures() states it, for those who cannot call it: `labourdb explain`.
{% for name, measure in measures().items() -%}
select
    '{{ name }}' as measure,
    '{{ measure['means'] }}' as means,
    {% if measure.get('rests_on') %}'{{ measure['rests_on'] }}'{% else %}cast(null as varchar){% endif %} as rests_on
{% if not loop.last %}union all{% endif %}
{% endfor %}
