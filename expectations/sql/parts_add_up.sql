-- One row per count that is a total over a column or the provinces; it fails if its parts do not sum to it (SPEC §5).
{% for t in tables %}
select * from (

    with figures as (

        unpivot (
            select {{ t.key | listed }}, {{ t.counts | listed }}
            from {warehouse}.{schema}.{{ t.name }}
        )
        on {{ t.counts | listed }} into name measure value figure

    ),

    parts as (

    {% for column, values in t.parts.items() %}
        select '{{ t.name }}: {{ column }}' as object, * replace ('total' as {{ column }})
        from figures
        where {{ column }} {% if values %}in ('{{ values | join("', '") }}'){% else %}<> 'total'{% endif %}

        {% if not loop.last or 'province' in t.levels %}
        union all
        {% endif %}
    {% endfor %}
    {% if 'province' in t.levels %}
        select '{{ t.name }}: provinces ' || area_version as object, * replace ('country' as area_level, 'VN' as area_code)
        from figures
        where area_level = 'province' and {country_stands}
        union all
        -- where a part of the country is set as covered, its provinces sum to it as well
        select '{{ t.name }}: provinces ' || f.area_version as object, f.* replace ('country' as area_level, 'covered' as area_code)
        from figures as f
        inner join {warehouse}.cells.covered_areas as c
            on f.area_version = c.area_version and f.area_code = lpad(c.province_code::varchar, 2, '0')
        where f.area_level = 'province' and exists (select 1 from {warehouse}.run.covered_provinces)
    {% endif %}

    ),

    totals as (

    {% for column in t.parts %}
        select '{{ t.name }}: {{ column }}' as object, * from figures where {{ column }} = 'total'
        {% if not loop.last or 'province' in t.levels %}
        union all
        {% endif %}
    {% endfor %}
    {% if 'province' in t.levels %}
        select '{{ t.name }}: provinces ' || area_version as object, * from figures where area_level = 'country'
    {% endif %}

    ),

    sums as (

        select * exclude (figure), sum(figure) as figure
        from parts
        group by all

    )

    select
        object,
        w.figure is distinct from s.figure as failed,
        {{ t.key | listed }}, measure,
        w.figure as total,
        s.figure as summed
    from totals as w
    full join sums as s using (object, {{ t.key | listed }}, measure)

)
{% if not loop.last %}
union all by name
{% endif %}
{% endfor %}
