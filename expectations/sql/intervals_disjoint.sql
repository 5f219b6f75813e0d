-- One row per record of a history; it fails if it ends before it begins or after the next one began.
{% set histories = [
    ('identity.population_records', 'restricted', 'person_key'),
    ('identity.enterprise_records', 'restricted', 'employer_key'),
    ('labour.person_history', '{warehouse}', 'person_key'),
    ('labour.enterprise_history', '{warehouse}', 'employer_key'),
] %}
with ordered as (

    {% for table, database, holder in histories %}
    select
        '{{ table }}' as object,
        {{ holder }} as holder,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by {{ holder }} order by valid_from) as next_from
    from {{ database }}.{{ table }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

)

select
    object,
    coalesce(valid_from >= valid_to, false)
    or coalesce(next_from < coalesce(valid_to, date '9999-12-31'), false)
    or valid_from is null as failed,
    holder as person_or_employer_key,
    valid_from,
    valid_to,
    next_from
from ordered
