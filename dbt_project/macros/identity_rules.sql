{# SPEC §3. A row is linked by what stands in it, first rule that hits; see docs/quality.md for the rules in words. #}

{# A birth date agrees if the known parts do: the year, and month and day where both sides have them. #}
{% macro birth_agrees(a, b) -%}
(
    extract(year from {{ a }}.birth_date) = extract(year from {{ b }}.birth_date)
    and ({{ a }}.birth_precision = 2 or {{ b }}.birth_precision = 2
        or extract(month from {{ a }}.birth_date) = extract(month from {{ b }}.birth_date))
    and ({{ a }}.birth_precision > 0 or {{ b }}.birth_precision > 0 or {{ a }}.birth_date = {{ b }}.birth_date)
)
{%- endmacro %}

{# A join on the ID and a flag of the row alone is no hash join on DuckDB; a join on this is. #}
{% macro usable_id(row) -%}case when {{ row }}.citizen_id_usable then {{ row }}.citizen_id end{%- endmacro %}

{# Rule 1 for nearly every row, in one join: the ID is in the spine and the full birth date is its latest one. #}
{% macro plainly_confirmed(row, spine) -%}
coalesce({{ row }}.birth_date = {{ spine }}.birth_date and {{ row }}.birth_precision = 0 and {{ spine }}.birth_precision = 0, false)
{%- endmacro %}

{# Whether two citizen IDs differ by one digit, or by two neighbours that changed places. #}
{% macro nearly_the_same_id(a, b) -%}
{%- set x, y = "lpad(cast(" ~ a ~ " as varchar), 12, '0')", "lpad(cast(" ~ b ~ " as varchar), 12, '0')" -%}
(
    {%- for before in range(12) %}
    {%- if not loop.first %} or{% endif %} left({{ x }}, {{ before }}) = left({{ y }}, {{ before }}) and right({{ x }}, {{ 11 - before }}) = right({{ y }}, {{ 11 - before }})
    {%- endfor %}
    {%- for before in range(11) %}
    or left({{ x }}, {{ before }}) = left({{ y }}, {{ before }}) and right({{ x }}, {{ 10 - before }}) = right({{ y }}, {{ 10 - before }})
    and substr({{ x }}, {{ before + 1 }}, 2) = reverse(substr({{ y }}, {{ before + 1 }}, 2))
    {%- endfor %}
)
{%- endmacro %}

{#
  The rows that are not plainly confirmed, resolved by rules 1 to 4: row_id, citizen_id (one of the person's), person_key, rule. Rows
  that say the same of their person are resolved as one: of many months few differ. A row whose own numbers speak against the only
  person of its name is `review`, and has nobody.
  former: columns that may hold a 9-digit number, in order; by_number: rule 3 applies (social insurance);
  by_province: rule 4 looks among persons ever resident in the row's province (labour register).
#}
{% macro resolve_rows(source_name, former=['former_id'], by_number=false, by_province=false) %}
{{ config(materialized='compared') }}
{%- set said = ['citizen_id', 'name', 'birth_date', 'birth_precision', 'sex'] + former %}
{%- if by_number %}{% set said = said + ['si_number'] %}{% endif %}
{%- if by_province %}{% set said = said + ['area_version', 'commune_code'] %}{% endif %}
with unconfirmed as (

    select
        r.row_id,
        {{ usable_id('r') }} as citizen_id,
        lower(r.full_name) as name,
        r.{{ said[2:] | join(', r.') }}
    from {{ ref('stg_' ~ source_name) }} as r
    left join {{ ref('spine') }} as s on {{ usable_id('r') }} = s.citizen_id
    where not {{ plainly_confirmed('r', 's') }}

),

-- rows that say the same of their person, as those of many months do, are resolved as one
identities as (

    select
        min(row_id) as identity,
        {{ said | join(', ') }}
    from unconfirmed
    group by {{ said | join(', ') }}

),

-- what the register ever held of a person, under any of the person's IDs
person_records as (

    select
        a.*,
        coalesce(i.person_id, a.citizen_id) as person_id
    from {{ ref('spine_records') }} as a
    left join {{ ref('reissued_ids') }} as i on a.citizen_id = i.citizen_id

),

by_citizen_id as (

    select distinct
        u.identity,
        a.citizen_id
    from identities as u
    inner join {{ ref('spine_records') }} as a on u.citizen_id = a.citizen_id
    where {{ birth_agrees('u', 'a') }} or {{ same_name('u.name', 'a.name') }}

),

after_rule_1 as (

    select u.*
    from identities as u
    left join by_citizen_id as b on u.identity = b.identity
    where b.identity is null

),

former_numbers as (

    {% for column in former -%}
    select identity, {{ column }} as former_id, {{ loop.index }} as position from after_rule_1 where {{ column }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

by_previous_id as (

    select
        u.identity,
        min_by(f.person_id, n.position) as citizen_id
    from after_rule_1 as u
    inner join former_numbers as n on u.identity = n.identity
    inner join {{ ref('spine_former_ids') }} as f on n.former_id = f.former_id
    inner join person_records as a on f.person_id = a.person_id
    where {{ birth_agrees('u', 'a') }} or {{ same_name('u.name', 'a.name') }}
    group by u.identity

),

after_rule_2 as (

    select u.*
    from after_rule_1 as u
    left join by_previous_id as b on u.identity = b.identity
    where b.identity is null

),
{% if by_number %}
open_numbers as (

    select distinct si_number from after_rule_2

),

-- every row of those numbers that rules 1 and 2 linked
number_links as (

    select r.si_number, s.person_id
    from {{ ref('stg_' ~ source_name) }} as r
    inner join open_numbers as o on r.si_number = o.si_number
    inner join {{ ref('spine') }} as s on {{ usable_id('r') }} = s.citizen_id
    where {{ plainly_confirmed('r', 's') }}
    union all
    select u.si_number, s.person_id
    from by_citizen_id as b
    inner join identities as u on b.identity = u.identity
    inner join {{ ref('spine') }} as s on b.citizen_id = s.citizen_id
    union all
    select u.si_number, b.citizen_id as person_id
    from by_previous_id as b
    inner join identities as u on b.identity = u.identity

),

number_persons as (

    select si_number, min(person_id) as person_id
    from number_links
    group by si_number
    having min(person_id) = max(person_id)

),

by_si_number as (

    select distinct
        u.identity,
        p.person_id as citizen_id
    from after_rule_2 as u
    inner join number_persons as p on u.si_number = p.si_number
    inner join person_records as a on p.person_id = a.person_id
    where {{ birth_agrees('u', 'a') }} or {{ same_name('u.name', 'a.name') }}

),

after_rule_3 as (

    select u.*
    from after_rule_2 as u
    left join by_si_number as b on u.identity = b.identity
    where b.identity is null

),
{% else %}
after_rule_3 as (

    select * from after_rule_2

),
{% endif %}
-- the letters of names meet by hash; the names themselves are compared in what is left
nameless as (

    select
        u.*,
        {{ common_letters('u.name') }} as letters
    from after_rule_3 as u
    where u.birth_precision = 0

),

namesakes as (

    select
        u.identity,
        a.person_id
        {%- if by_province %},
        u.area_version,
        case u.area_version when '2024' then c.province_2024 else c.province_2025 end as province_code
        {%- endif %}
    from nameless as u
    inner join person_records as a
        on u.letters = a.letters and u.birth_date = a.birth_date and u.sex = a.sex
    {%- if by_province %}
    inner join {{ ref('communes') }} as c
        on u.area_version = c.area_version and u.commune_code = c.commune_code
    {%- endif %}
    where a.birth_precision = 0 and {{ same_name('u.name', 'a.name') }}

),

by_name as (

    select
        n.identity,
        min(n.person_id) as person_id
    from namesakes as n
    {%- if by_province %}
    where exists (
        select 1
        from {{ ref('spine_residences') }} as p
        where n.person_id = p.person_id and n.area_version = p.area_version and n.province_code = p.province_code
    )
    {%- endif %}
    group by n.identity
    having min(n.person_id) = max(n.person_id)

),

-- every citizen ID that stands in a register row, as the row's own or as the one it replaces
register_ids as (

    select citizen_id, person_id from {{ ref('spine') }}
    union all
    select replaced_id as citizen_id, person_id from {{ ref('spine_numbers') }} where replaced_id is not null

),

-- rows with an ID of nobody in the register: if it is not the person's misread, it is somebody else's
strange_ids as (

    select
        n.identity,
        n.person_id,
        u.citizen_id
    from by_name as n
    inner join after_rule_3 as u on n.identity = u.identity
    left join register_ids as r on u.citizen_id = r.citizen_id
    where u.citizen_id is not null and r.citizen_id is null

),

misread_ids as (

    select distinct i.identity
    from strange_ids as i
    inner join register_ids as r on i.person_id = r.person_id
    where {{ nearly_the_same_id('i.citizen_id', 'r.citizen_id') }}

),

vetoed as (

    select i.identity
    from strange_ids as i
    left join misread_ids as m on i.identity = m.identity
    where m.identity is null
    union
    select v.identity
    from (
        -- a 9-digit number, where the person's rows hold others and not this one
        select f.identity, f.former_id
        from former_numbers as f
        inner join by_name as n on f.identity = n.identity
        inner join {{ ref('spine_numbers') }} as h on n.person_id = h.person_id
        where h.former_id is not null
        group by f.identity, f.former_id
        having sum(case when f.former_id = h.former_id then 1 else 0 end) = 0
    ) as v

),

resolved as (

    select identity, citizen_id, 'citizen_id' as rule from by_citizen_id
    union all
    select identity, citizen_id, 'previous_id' as rule from by_previous_id
    {% if by_number -%}
    union all
    select identity, citizen_id, 'si_number' as rule from by_si_number
    {% endif -%}
    union all
    select
        n.identity,
        case when v.identity is null then n.person_id end as citizen_id,
        case when v.identity is null then 'name_birth_sex' else 'review' end as rule
    from by_name as n
    left join vetoed as v on n.identity = v.identity

),

resolved_identities as (

    select
        i.*,
        r.citizen_id as resolved_id,
        s.person_key,
        r.rule
    from resolved as r
    inner join identities as i on r.identity = i.identity
    left join {{ ref('spine') }} as s on r.citizen_id = s.citizen_id

)

select
    u.row_id,
    r.resolved_id as citizen_id,
    r.person_key,
    r.rule
from unconfirmed as u
inner join resolved_identities as r
    on {% for column in said %}{{ 'and ' if not loop.first }}u.{{ column }} is not distinct from r.{{ column }} {% endfor %}
{% endmacro %}

{# Every row of a source with its person (null if unlinked) and rule; of its columns, those its contract names. #}
{% macro link_rows(source_name) %}
{{ config(materialized='kept', meta={'anew': 'rows', 'source': source_name}) }}
select
    r.row_id,
    r.delivery_key,
    r.period_month,
    {% for column in linked_columns(source_name) -%}
    r.{{ column }},
    {% endfor -%}
    case when {{ plainly_confirmed('r', 's') }} then s.person_key else e.person_key end as person_key,
    case when {{ plainly_confirmed('r', 's') }} then 'citizen_id' else coalesce(e.rule, 'unlinked') end as link_rule
from {{ ref('stg_' ~ source_name) }} as r
left join {{ ref('spine') }} as s on {{ usable_id('r') }} = s.citizen_id
left join {{ ref('resolved_' ~ source_name) }} as e on r.row_id = e.row_id
where {{ linked_anew(source_name) }}
{% endmacro %}
