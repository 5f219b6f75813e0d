{#
  No `key` has two rows of one quarter. One group per key, not per key and quarter: the quarters met are marked
  as bits, in two words of 62, so 31 years fit.
#}
{% test one_row_a_quarter(model, key) %}
select count(*) as repeated_keys
from (
    select 1 as one
    from {{ model }}
    group by {{ key }}
    having count(*)
        > bit_count(bit_or(case when quarter % 124 < 62 then cast(1 as bigint) << (quarter % 62) else 0 end))
        + bit_count(bit_or(case when quarter % 124 >= 62 then cast(1 as bigint) << (quarter % 62) else 0 end))
) as repeated
having count(*) > 0
{% endtest %}
