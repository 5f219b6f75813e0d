-- One row per source and delivery; it fails if linking lost, doubled or invented a row.
-- Counts and sums of row numbers tell that in one pass without holding every row.
with staged as (

    {% for source in linked %}
    select '{{ source }}' as object, delivery_key, row_id from restricted.staging.stg_{{ source }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

linked as (

    {% for source in linked %}
    select '{{ source }}' as object, delivery_key, row_id from restricted.identity.linked_{{ source }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

staged_deliveries as (

    select object, delivery_key, count(*) as staged_rows, sum(row_id) as row_sum, bit_xor(hash(row_id)) as row_mix
    from staged
    group by object, delivery_key

),

linked_deliveries as (

    select object, delivery_key, count(*) as linked_rows, sum(row_id) as row_sum, bit_xor(hash(row_id)) as row_mix
    from linked
    group by object, delivery_key

)

select
    object,
    s.row_sum is distinct from l.row_sum
    or s.row_mix is distinct from l.row_mix
    or s.staged_rows is distinct from l.linked_rows as failed,
    delivery_key,
    s.staged_rows,
    l.linked_rows
from staged_deliveries as s
full join linked_deliveries as l using (object, delivery_key)
