{# No two rows agree in every one of `columns`; nulls agree with each other. #}
{% test unique_key(model, columns) %}
select count(*) as repeated_keys
from (
    select 1 as one
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
) as repeated
having count(*) > 0
{% endtest %}
