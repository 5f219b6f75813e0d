-- One row per published total, over any of its columns and the provinces; it fails if the rows without any total, which views of
-- labour.duckdb show, do not sum to it (SPEC §5, §7).
with whole as (

    select if(count(*) = 0, 'VN', 'covered') as area_code from {warehouse}.run.covered_provinces

)

{% for t in tables %}
{% set within = t.key %}
select * from (

    with figures as (

        select {{ within | listed }}, {{ t.counts | listed }}, {{ t.is_leaf }} as is_leaf
        from {warehouse}.published.{{ t.name }}
        where
            {{ t.leaf_rows }} and area_level in ('country', 'province')
    {% for column, values in t.parts.items() if values %}
            and {{ column }} in ('total', '{{ values | join("', '") }}')
    {% endfor %}

    ),

    sums as (

        select
            {{ t.fixed | listed }},
            if(grouping(f.area_code) = 1, 'country', 'province') as area_level,
            if(grouping(f.area_code) = 1, any_value(w.area_code), f.area_code) as area_code,
    {% for column in t.parts %}
            if(grouping({{ column }}) = 1, 'total', {{ column }}) as {{ column }},
    {% endfor %}
    {% for count in t.counts %}
            sum({{ count }}) as {{ count }},
    {% endfor %}
            true as found
        from figures as f
        cross join whole as w
        where is_leaf
        group by {{ t.fixed | listed }}, cube (f.area_code, {{ t.parts | listed }})

    ),

    totals as (

        select * exclude (is_leaf), true as found from figures where not is_leaf

    )

    select
        '{{ t.name }}' as object,
        if(
            t.found and s.found,
            ({{ t.counts | listed('t.') }}) is distinct from ({{ t.counts | listed('s.') }}),
            -- cells of nobody may be left out
            {% for count in t.counts %}coalesce(t.{{ count }}, s.{{ count }}, 0) <> 0{% if not loop.last %} or {% endif %}{% endfor %}

        ) as failed,
        {{ within | listed }},
    {% for count in t.counts %}
        t.{{ count }} as total_{{ count }}, s.{{ count }} as summed_{{ count }},
    {% endfor %}
    from totals as t
    full join (select * from sums where not ({{ t.is_leaf }})) as s
        using ({{ within | listed }})

)
{% if not loop.last %}
union all by name
{% endif %}
{% endfor %}
