-- Citizen IDs that carry on another one of the same person, with the evidence (setting [succession] persons).
-- Two IDs are one person if the register says so (the new row's previous_id names the old ID, or the 9-digit number
-- that these two alone ever held), or if name, full birth date, sex and household stand together in rows of both and
-- one stops before the other starts. Nobody is joined to the dead, nor to one who lived beside them, as a twin does.
with registered as (

    select
        p.citizen_id,
        lower(p.full_name) as name,
        p.birth_date,
        p.birth_precision,
        p.sex,
        p.household_id,
        p.previous_id,
        p.previous_citizen_id,
        p.life_status,
        p.updated_at
    from {{ ref('stg_population') }} as p
    cross join {{ source('run', 'parameters') }} as r
    where r.follow_person_successions

),

looked_alike as (

    select name, birth_date, sex, household_id
    from registered
    where birth_precision = 0 and household_id is not null
    group by name, birth_date, sex, household_id
    having min(citizen_id) <> max(citizen_id)

),

alike as (

    select distinct
        r.citizen_id,
        dense_rank() over (order by r.name, r.birth_date, r.sex, r.household_id) as likeness
    from registered as r
    inner join looked_alike as a
        on r.household_id = a.household_id and r.birth_date = a.birth_date and r.sex = a.sex and r.name = a.name
    where r.birth_precision = 0

),

shared_numbers as (

    select previous_id
    from registered
    where previous_id is not null
    group by previous_id
    having count(distinct citizen_id) = 2

),

holders as (

    select distinct
        r.citizen_id,
        r.previous_id
    from registered as r
    inner join shared_numbers as s on r.previous_id = s.previous_id

),

named as (

    select distinct
        citizen_id,
        previous_citizen_id
    from registered
    where previous_citizen_id is not null and previous_citizen_id <> citizen_id

),

involved as (

    select citizen_id from alike
    union
    select citizen_id from holders
    union
    select citizen_id from named
    union
    select previous_citizen_id from named

),

contributed as (

    select
        s.citizen_id,
        min(s.month) as first_month,
        max(s.month) as last_month
    from {{ ref('stg_social_insurance') }} as s
    inner join involved as i on s.citizen_id = i.citizen_id
    inner join {{ ref('spine_records') }} as a on s.citizen_id = a.citizen_id
    where s.citizen_id_usable and ({{ birth_agrees('s', 'a') }} or lower(s.full_name) = a.name)
    group by s.citizen_id

),

spans as (

    select
        r.citizen_id,
        min(r.updated_at) as first_row_at,
        max(r.updated_at) as last_row_at,
        bool_or(r.life_status = 'deceased') as deceased,
        any_value(c.first_month) as first_month,
        any_value(c.last_month) as last_month
    from registered as r
    inner join involved as i on r.citizen_id = i.citizen_id
    left join contributed as c on r.citizen_id = c.citizen_id
    group by r.citizen_id

),

-- each ID with the one before it among those that look alike
in_order as (

    select
        a.likeness,
        a.citizen_id,
        s.first_row_at,
        s.first_month,
        lag(a.citizen_id) over (partition by a.likeness order by s.first_row_at, a.citizen_id) as former,
        lag(s.last_row_at) over (partition by a.likeness order by s.first_row_at, a.citizen_id) as former_last_row_at,
        lag(s.last_month) over (partition by a.likeness order by s.first_row_at, a.citizen_id) as former_last_month
    from alike as a
    inner join spans as s on a.citizen_id = s.citizen_id

),

-- if any two of them lived side by side, they are several persons, and nobody can say who carries on whom
one_after_the_other as (

    select likeness
    from in_order
    group by likeness
    having
        bool_and(
            former is null
            or (
                former_last_row_at < first_row_at
                and coalesce(former_last_month <= {{ month_number('first_row_at') }}, true)
                and coalesce(former_last_month < first_month, true)
            )
        )

),

same_attributes as (

    select distinct
        o.citizen_id,
        o.former
    from in_order as o
    inner join one_after_the_other as a on o.likeness = a.likeness
    where o.former is not null

),

named_by_register as (

    select distinct
        n.citizen_id,
        n.previous_citizen_id as former
    from named as n
    inner join {{ ref('spine_records') }} as a on n.citizen_id = a.citizen_id
    inner join {{ ref('spine_records') }} as b on n.previous_citizen_id = b.citizen_id
    where {{ birth_agrees('a', 'b') }} or a.name = b.name

),

same_number as (

    select distinct
        n.citizen_id,
        o.citizen_id as former
    from holders as n
    inner join holders as o on n.previous_id = o.previous_id and n.citizen_id <> o.citizen_id
    inner join {{ ref('spine_records') }} as a on n.citizen_id = a.citizen_id
    inner join {{ ref('spine_records') }} as b on o.citizen_id = b.citizen_id
    where
        a.name = b.name and a.birth_date = b.birth_date and a.sex = b.sex
        and a.birth_precision = 0 and b.birth_precision = 0

),

evidence as (

    select citizen_id, former, 1 as strength, 'previous_citizen_id' as evidence from named_by_register
    union all
    select citizen_id, former, 2 as strength, 'previous_id' as evidence from same_number
    union all
    select citizen_id, former, 3 as strength, 'same_attributes' as evidence from same_attributes

),

-- of several IDs before it the last one counts, of several after it the first
pairs as (

    select
        e.citizen_id,
        e.former,
        e.evidence,
        n.first_row_at,
        n.first_month,
        o.last_row_at as former_last_row_at,
        o.last_month as former_last_month,
        row_number() over (
            partition by e.citizen_id order by o.first_row_at desc, o.citizen_id asc, e.strength asc
        ) as place_before,
        row_number() over (partition by e.former order by n.first_row_at, n.citizen_id, e.strength) as place_after
    from evidence as e
    inner join spans as n on e.citizen_id = n.citizen_id
    inner join spans as o on e.former = o.citizen_id
    where o.first_row_at < n.first_row_at and not o.deceased

),

links as (

    select
        citizen_id as member,
        former as next
    from pairs
    where place_before = 1 and place_after = 1

),

{{ chain_ends('persons', 'links') }}

select
    p.citizen_id,
    p.former as former_citizen_id,
    c.last as person_id,
    p.evidence,
    cast(p.former_last_row_at as date) as former_last_row_on,
    p.former_last_month,
    cast(p.first_row_at as date) as first_row_on,
    p.first_month
from pairs as p
inner join persons as c on p.citizen_id = c.member
where p.place_before = 1 and p.place_after = 1
