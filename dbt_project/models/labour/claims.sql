-- Rows of linked persons that claim a status from one day to another, each the latest row of its key (macro ladder).
with
{% for step in ladder() if step.get('claim') -%}
{{ step['step'] }} as (

    select
        person_key,
        {{ step['claim']['starts_on'] }} as starts_on,
        cast({{ step['claim']['before'] }} as date) as before_date,
        '{{ step['step'] }}' as claim,
        row_id
    from {{ ref('linked_' ~ step['source']) }}
    qualify row_number() over (partition by {{ step['claim']['key'] }} order by row_id desc) = 1

){{ ',' if not loop.last }}

{% endfor -%}
{% for step in ladder() if step.get('claim') -%}
select * from {{ step['step'] }}
where person_key is not null
{% if not loop.last %}
union all

{% endif %}
{%- endfor %}
