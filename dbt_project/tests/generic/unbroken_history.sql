{#
  The records of one `key` follow each other: exactly one is open, it is the last, and the lengths of the others
  add up to the days between the first and the last. So no two of them overlap (SPEC §4, person_history).
#}
{% test unbroken_history(model, key) %}
select count(*) as broken_histories
from (
    select 1 as one
    from {{ model }}
    group by {{ key }}
    having count(*) - count(valid_to) <> 1
        or max(valid_to) <> max(valid_from)
        or sum(coalesce(valid_to, valid_from) - valid_from) <> max(valid_from) - min(valid_from)
) as broken
having count(*) > 0
{% endtest %}
