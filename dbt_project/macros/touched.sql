{# Rows that an increment links anew though their delivery counts as before (models/identity/touched_rows.sql). #}
{% macro touched_rows_of() %}
with changed_ids as (

    select coalesce(n.citizen_id, o.citizen_id) as citizen_id
    from {{ ref('spine') }} as n
    full outer join {{ left_of('spine') }} as o on n.citizen_id = o.citizen_id
    where n.citizen_id is null or o.citizen_id is null
        or n.person_id is distinct from o.person_id or n.person_key is distinct from o.person_key
        or n.birth_date is distinct from o.birth_date or n.birth_precision is distinct from o.birth_precision

)

{% for source_name in linked_sources() %}
{%- set resolved, resolved_before = ref('resolved_' ~ source_name), left_of('resolved_' ~ source_name) %}
select '{{ source_name }}' as source, r.row_id
from {{ ref('stg_' ~ source_name) }} as r
where {{ usable_id('r') }} in (select c.citizen_id from changed_ids as c)
union
select '{{ source_name }}' as source, coalesce(n.row_id, o.row_id) as row_id
from {{ resolved }} as n
full outer join {{ resolved_before }} as o on n.row_id = o.row_id
where n.row_id is null or o.row_id is null
    or n.citizen_id is distinct from o.citizen_id or n.person_key is distinct from o.person_key or n.rule is distinct from o.rule
    or n.citizen_id in (select c.citizen_id from changed_ids as c)
{% if not loop.last %}union{% endif %}
{% endfor %}
{% endmacro %}

{# Persons of whom an increment computes everything anew (models/identity/touched_persons.sql). #}
{% macro touched_persons_of(found) %}
{%- set keys = {
    'social_insurance': ["si_number", "coalesce(employer_id, -1)", "coalesce(employer_code_sent, '')", "month", "scheme"],
    'training': ["institution_code", "record_no"],
    'labour_register': [
        "coalesce(citizen_id, -1)", "coalesce(former_id, -1)", "surveyed_on",
        "case when citizen_id is null and former_id is null then coalesce(full_name, '') else '' end",
    ],
} %}
{%- for step in ladder() if step.get('claim') %}{% do keys.update({step['source']: [step['claim']['key']]}) %}{% endfor %}
{#- what a row of these reaches begins with its own date: before the open quarter it reaches nothing if it is of that quarter or later -#}
{%- set reaches_back = {
    'social_insurance': "(month < " ~ found.from_month ~ " or employer_code_sent is not null)",
    'labour_register': "surveyed_on < date '" ~ found.from_day ~ "'",
} %}
with changed_ids as (

    select n.person_key, o.person_key as person_key_before
    from {{ ref('spine') }} as n
    full outer join {{ left_of('spine') }} as o on n.citizen_id = o.citizen_id
    where n.citizen_id is null or o.citizen_id is null
        or n.person_id is distinct from o.person_id or n.person_key is distinct from o.person_key
        or n.birth_date is distinct from o.birth_date or n.birth_precision is distinct from o.birth_precision

),

-- whose register rows came or went
registered as (

    select p.citizen_id
    from {{ source('landing', 'population') }} as p
    where p.delivery_key in {{ changed_deliveries('population', true) }} or p.delivery_key in {{ changed_deliveries('population', false) }}

),

{% for source_name in linked_sources() -%}
-- rows that came, went, or belong to somebody else now
{{ source_name }}_now as (

    select * from {{ ref('linked_' ~ source_name) }} as r where {{ linked_anew(source_name) }}

),

{{ source_name }}_moved as (

    select n.* from {{ source_name }}_now as n
    left join {{ left_of('linked_' ~ source_name) }} as o
        on n.row_id = o.row_id and n.person_key is not distinct from o.person_key
    where o.row_id is null
    union all
    select o.* from {{ left_of('linked_' ~ source_name) }} as o
    left join {{ source_name }}_now as n
        on o.row_id = n.row_id and o.person_key is not distinct from n.person_key
    where n.row_id is null

),

{{ source_name }}_reaching as (

    select person_key, {% for key in keys[source_name] %}{{ key }} as key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ source_name }}_moved
    {% if source_name in reaches_back %}where {{ reaches_back[source_name] }}{% endif %}

),

-- of several rows of one key the latest counts: a row that comes or goes decides about the others
{{ source_name }}_persons as (

    select person_key from {{ source_name }}_reaching
    union
    select m.person_key
    from (
        select person_key, {% for key in keys[source_name] %}{{ key }} as key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
        from {{ ref('linked_' ~ source_name) }}
    ) as m
    inner join (select distinct * exclude (person_key) from {{ source_name }}_reaching) as c
        on {% for key in keys[source_name] %}m.key_{{ loop.index }} = c.key_{{ loop.index }}{{ ' and ' if not loop.last }}{% endfor %}

),

{% endfor -%}
-- a person's unknown employers are numbered over all of the person's months
with_unknown_employers as (

    select person_key from {{ ref('linked_social_insurance') }}
    where employer_code_sent is not null and month >= {{ found.from_month }}

),

-- what is told of an enterprise at closed reference dates, by which statuses, sections and owners are found
{% for name, records in [('enterprises_now', ref('enterprise_records')), ('enterprises_before', left_of('enterprise_records'))] -%}
{{ name }} as (

    select q.quarter, e.employer_key, e.employer_id, e.section, e.status, e.registered_on, e.owner_key
    from {{ records }} as e
    inner join {{ source('run', 'quarters') }} as q
        on e.valid_from <= q.ends_on and (e.valid_to is null or e.valid_to > q.ends_on)
    where q.quarter < {{ found.from_quarter }}

),

{% endfor -%}
changed_enterprises as (

    (select * from enterprises_now except select * from enterprises_before)
    union all
    (select * from enterprises_before except select * from enterprises_now)

),

of_changed_enterprises as (

    select q.person_key
    from labour.labour.person_quarters as q
    where q.quarter < {{ found.from_quarter }} and q.employer_key in (select c.employer_key from changed_enterprises as c)

),

everybody as (

    select person_key from changed_ids
    union
    select person_key_before from changed_ids
    union
    select s.person_key from {{ ref('spine') }} as s inner join registered as r on s.citizen_id = r.citizen_id
    union
    select s.person_key from {{ left_of('spine') }} as s inner join registered as r on s.citizen_id = r.citizen_id
    {% for source_name in linked_sources() -%}
    union
    select person_key from {{ source_name }}_persons
    {% endfor -%}
    union
    select person_key from with_unknown_employers
    union
    select person_key from of_changed_enterprises
    union
    select owner_key from changed_enterprises

)

select person_key from everybody where person_key is not null
{% endmacro %}
