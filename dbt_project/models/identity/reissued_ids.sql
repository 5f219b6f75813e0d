-- Citizen IDs that carry on another one of the same person, with the evidence (setting [succession] persons).
-- Two IDs are one person if the register says so (the new row's previous_id names the old ID, under the same name), or
-- if name, full birth date, sex and a bond (household, or 9-digit number) stand together in rows of both and one stops
-- before the other starts. Nobody carries on the dead, nor one who lived beside them, as a twin does.
-- Of millions of register rows few share a bond with another ID: hashes find those, texts and names tell them apart.
with bonds as (

    select
        p.citizen_id,
        {{ hashed(["'household'", 'p.household_id', 'p.birth_date', 'p.sex']) }} as bond_hash
    from {{ ref('stg_population') }} as p
    cross join {{ source('run', 'parameters') }} as r
    where r.follow_person_successions and p.birth_precision = 0 and p.household_id is not null
    union all
    select
        p.citizen_id,
        {{ hashed(["'number'", 'p.previous_id', 'p.birth_date', 'p.sex']) }} as bond_hash
    from {{ ref('stg_population') }} as p
    cross join {{ source('run', 'parameters') }} as r
    where r.follow_person_successions and p.birth_precision = 0 and p.previous_id is not null

),

born_alike as (

    select bond_hash
    from bonds
    group by bond_hash
    having min(citizen_id) <> max(citizen_id)

),

bonds_by_name as (

    select
        p.citizen_id,
        'same_attributes' as evidence,
        'household ' || p.household_id as bond,
        p.birth_date,
        p.sex,
        {{ name_key('lower(p.full_name)') }} as name
    from {{ ref('stg_population') }} as p
    inner join born_alike as l
        on {{ hashed(["'household'", 'p.household_id', 'p.birth_date', 'p.sex']) }} = l.bond_hash
    where p.birth_precision = 0 and p.household_id is not null
    union all
    select
        p.citizen_id,
        'previous_id' as evidence,
        'number ' || cast(p.previous_id as varchar) as bond,
        p.birth_date,
        p.sex,
        {{ name_key('lower(p.full_name)') }} as name
    from {{ ref('stg_population') }} as p
    inner join born_alike as l
        on {{ hashed(["'number'", 'p.previous_id', 'p.birth_date', 'p.sex']) }} = l.bond_hash
    where p.birth_precision = 0 and p.previous_id is not null

),

likenesses as (

    select bond, name, birth_date, sex
    from bonds_by_name
    group by bond, name, birth_date, sex
    having min(citizen_id) <> max(citizen_id)

),

alike as (

    select distinct
        b.citizen_id,
        b.evidence,
        dense_rank() over (order by b.bond, b.name, b.birth_date, b.sex) as likeness
    from bonds_by_name as b
    inner join likenesses as l
        on b.bond = l.bond and b.name = l.name and b.birth_date = l.birth_date and b.sex = l.sex

),

-- a named ID needs the same name, and the same sex or a birth date that agrees: one of these may have been corrected
named as (

    select distinct
        n.citizen_id,
        n.previous_citizen_id as former
    from {{ ref('stg_population') }} as n
    cross join {{ source('run', 'parameters') }} as r
    inner join {{ ref('spine_records') }} as a on n.citizen_id = a.citizen_id
    inner join {{ ref('spine_records') }} as b on n.previous_citizen_id = b.citizen_id
    where
        r.follow_person_successions and n.previous_citizen_id <> n.citizen_id
        and {{ same_name('a.name', 'b.name') }} and (a.sex = b.sex or {{ birth_agrees('a', 'b') }})

),

involved as (

    select citizen_id from alike
    union
    select citizen_id from named
    union
    select former from named

),

-- under the ID and its person's own name or birth date: an ID on somebody else's row says nothing
contributed as (

    select
        s.citizen_id,
        min(s.month) as first_month,
        max(s.month) as last_month
    from {{ ref('stg_social_insurance') }} as s
    inner join involved as i on {{ usable_id('s') }} = i.citizen_id
    inner join {{ ref('spine_records') }} as a on i.citizen_id = a.citizen_id
    cross join {{ source('run', 'parameters') }} as r
    where
        s.month <= r.cutoff_month
        and ({{ birth_agrees('s', 'a') }} or {{ same_name('lower(s.full_name)', 'a.name') }})
    group by s.citizen_id

),

registered as (

    select
        p.citizen_id,
        min(p.updated_at) over (partition by p.citizen_id) as first_row_at,
        p.updated_at as last_row_at,
        case when p.life_status = 'deceased' then p.status_date end as died_on
    from {{ ref('stg_population') }} as p
    inner join involved as i on p.citizen_id = i.citizen_id
    qualify row_number() over (partition by p.citizen_id order by p.updated_at desc, p.row_id desc) = 1

),

spans as (

    select
        r.*,
        c.first_month,
        c.last_month
    from registered as r
    left join contributed as c on r.citizen_id = c.citizen_id

),

-- each ID with the one before it among those that look alike
in_order as (

    select
        a.likeness,
        a.evidence,
        a.citizen_id,
        s.first_row_at,
        s.first_month,
        lag(a.citizen_id) over (partition by a.likeness order by s.first_row_at, a.citizen_id) as former,
        lag(s.first_row_at) over (partition by a.likeness order by s.first_row_at, a.citizen_id) as former_first_row_at,
        lag(s.last_row_at) over (partition by a.likeness order by s.first_row_at, a.citizen_id) as former_last_row_at,
        lag(s.last_month) over (partition by a.likeness order by s.first_row_at, a.citizen_id) as former_last_month
    from alike as a
    inner join spans as s on a.citizen_id = s.citizen_id

),

-- if any two of them lived side by side, they are several persons, and nobody can say who carries on whom
side_by_side as (

    select likeness
    from in_order
    where former is not null
        and not (
            cast(former_first_row_at as date) < cast(first_row_at as date)
            and cast(former_last_row_at as date) <= cast(first_row_at as date)
            and coalesce(former_last_month <= {{ month_number('first_row_at') }}, true)
            and coalesce(former_last_month < first_month, true)
        )

),

in_doubt as (

    select distinct a.citizen_id
    from alike as a
    inner join side_by_side as s on a.likeness = s.likeness

),

evidence as (

    select citizen_id, former, 1 as strength, 'previous_citizen_id' as evidence
    from named
    union all
    select
        o.citizen_id,
        o.former,
        case o.evidence when 'previous_id' then 2 else 3 end as strength,
        o.evidence
    from in_order as o
    left join in_doubt as n on o.citizen_id = n.citizen_id
    left join in_doubt as f on o.former = f.citizen_id
    where o.former is not null and n.citizen_id is null and f.citizen_id is null

),

-- of several IDs before it the best attested counts, then the last; of several after it likewise the first
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
            partition by e.citizen_id order by e.strength asc, o.first_row_at desc, o.citizen_id asc
        ) as place_before,
        row_number() over (partition by e.former order by e.strength, n.first_row_at, n.citizen_id) as place_after
    from evidence as e
    inner join spans as n on e.citizen_id = n.citizen_id
    inner join spans as o on e.former = o.citizen_id
    left join named as back on e.citizen_id = back.former and e.former = back.citizen_id
    where
        (back.citizen_id is null or o.first_row_at < n.first_row_at)
        and coalesce(o.died_on > cast(n.first_row_at as date), true)

),

chosen as (

    select *
    from pairs
    where place_before = 1 and place_after = 1

),

links as (

    select
        citizen_id as member,
        former as next
    from chosen

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
from chosen as p
inner join persons as c on p.citizen_id = c.member
left join links as circle on c.last = circle.member
where circle.member is null
