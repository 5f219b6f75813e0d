-- One row per key of a published table; it fails if the table has it more than once.
with keys as (

    {% for t in tables %}
    select '{{ t.name }}' as object, concat_ws(' ', {{ t.candidate_key | listed }}) as key_text
    from {warehouse}.candidates.{{ t.name }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

)

select object, count(*) > 1 as failed, key_text, count(*) as row_count
from keys
group by object, key_text
