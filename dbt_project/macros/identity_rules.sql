{# SPEC §3. Rows are linked one by one, first rule that hits; see docs/quality.md for the rules in words. #}

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

{#
  The rows that are not plainly confirmed, resolved by rules 1 to 4: row_id, citizen_id (one of the person's), rule.
  former: columns that may hold a 9-digit number, in order; by_number: rule 3 applies (social insurance);
  by_province: rule 4 looks among persons ever resident in the row's province (labour register).
#}
{% macro resolve_rows(source_name, former=['former_id'], by_number=false, by_province=false) %}
with source_rows as (

    select
        row_id, citizen_id, citizen_id_usable, lower(full_name) as name, birth_date, birth_precision, sex,
        {%- for column in former %} {{ column }},{% endfor %}
        {%- if by_number %} si_number,{% endif %}
        {%- if by_province %} commune_code,{% endif %}
        area_version
    from {{ ref('stg_' ~ source_name) }}

),

unconfirmed as (

    select r.*
    from source_rows as r
    left join {{ ref('spine') }} as s on {{ usable_id('r') }} = s.citizen_id
    where not {{ plainly_confirmed('r', 's') }}

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
        u.row_id,
        a.citizen_id
    from unconfirmed as u
    inner join {{ ref('spine_records') }} as a on u.citizen_id = a.citizen_id
    where u.citizen_id_usable and ({{ birth_agrees('u', 'a') }} or u.name = a.name)

),

after_rule_1 as (

    select u.*
    from unconfirmed as u
    left join by_citizen_id as b on u.row_id = b.row_id
    where b.row_id is null

),

former_numbers as (

    {% for column in former -%}
    select row_id, {{ column }} as former_id, {{ loop.index }} as position from after_rule_1 where {{ column }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

by_previous_id as (

    select
        u.row_id,
        min_by(f.person_id, n.position) as citizen_id
    from after_rule_1 as u
    inner join former_numbers as n on u.row_id = n.row_id
    inner join {{ ref('spine_former_ids') }} as f on n.former_id = f.former_id
    inner join person_records as a on f.person_id = a.person_id
    where {{ birth_agrees('u', 'a') }} or u.name = a.name
    group by u.row_id

),

after_rule_2 as (

    select u.*
    from after_rule_1 as u
    left join by_previous_id as b on u.row_id = b.row_id
    where b.row_id is null

),
{% if by_number %}
open_numbers as (

    select distinct si_number from after_rule_2

),

-- every row of those numbers that rules 1 and 2 linked
number_links as (

    select r.si_number, s.person_id
    from source_rows as r
    inner join open_numbers as o on r.si_number = o.si_number
    inner join {{ ref('spine') }} as s on {{ usable_id('r') }} = s.citizen_id
    where {{ plainly_confirmed('r', 's') }}
    union all
    select u.si_number, s.person_id
    from by_citizen_id as b
    inner join unconfirmed as u on b.row_id = u.row_id
    inner join {{ ref('spine') }} as s on b.citizen_id = s.citizen_id
    union all
    select u.si_number, b.citizen_id as person_id
    from by_previous_id as b
    inner join unconfirmed as u on b.row_id = u.row_id

),

number_persons as (

    select si_number, min(person_id) as person_id
    from number_links
    group by si_number
    having min(person_id) = max(person_id)

),

by_si_number as (

    select distinct
        u.row_id,
        p.person_id as citizen_id
    from after_rule_2 as u
    inner join number_persons as p on u.si_number = p.si_number
    inner join person_records as a on p.person_id = a.person_id
    where {{ birth_agrees('u', 'a') }} or u.name = a.name

),

after_rule_3 as (

    select u.*
    from after_rule_2 as u
    left join by_si_number as b on u.row_id = b.row_id
    where b.row_id is null

),
{% else %}
after_rule_3 as (

    select * from after_rule_2

),
{% endif %}
namesakes as (

    select
        u.row_id,
        a.person_id
        {%- if by_province %},
        u.area_version,
        case u.area_version when '2024' then c.province_2024 else c.province_2025 end as province_code
        {%- endif %}
    from after_rule_3 as u
    inner join person_records as a
        on u.name = a.name and u.birth_date = a.birth_date and u.sex = a.sex
    {%- if by_province %}
    inner join {{ ref('communes') }} as c
        on u.area_version = c.area_version and u.commune_code = c.commune_code
    {%- endif %}
    where u.birth_precision = 0 and a.birth_precision = 0

),

by_name as (

    select
        n.row_id,
        min(n.person_id) as citizen_id
    from namesakes as n
    {%- if by_province %}
    where exists (
        select 1
        from {{ ref('spine_residences') }} as p
        where n.person_id = p.person_id and n.area_version = p.area_version and n.province_code = p.province_code
    )
    {%- endif %}
    group by n.row_id
    having min(n.person_id) = max(n.person_id)

)

select row_id, citizen_id, 'citizen_id' as rule from by_citizen_id
union all
select row_id, citizen_id, 'previous_id' as rule from by_previous_id
{% if by_number -%}
union all
select row_id, citizen_id, 'si_number' as rule from by_si_number
{% endif -%}
union all
select row_id, citizen_id, 'name_birth_sex' as rule from by_name
{% endmacro %}

{# Every row of a source with its person (null if unlinked) and rule; of its columns, those named. #}
{% macro link_rows(source_name, columns) %}
select
    r.row_id,
    r.delivery_key,
    r.period_month,
    r.area_version,
    {% for column in columns -%}
    r.{{ column }},
    {% endfor -%}
    case when {{ plainly_confirmed('r', 's') }} then s.person_key else resolved_person.person_key end as person_key,
    case when {{ plainly_confirmed('r', 's') }} then 'citizen_id' else coalesce(e.rule, 'unlinked') end as link_rule
from {{ ref('stg_' ~ source_name) }} as r
left join {{ ref('spine') }} as s on {{ usable_id('r') }} = s.citizen_id
left join {{ ref('resolved_' ~ source_name) }} as e on r.row_id = e.row_id
left join {{ ref('spine') }} as resolved_person on e.citizen_id = resolved_person.citizen_id
{% endmacro %}
