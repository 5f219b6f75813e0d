-- Employers that carry on under another code (setting [succession] employers): between two consecutive months at
-- least five workers, and at least 80 % of all, move together to one other employer.
with moves as (

    select
        f.employer_key as predecessor_key,
        t.employer_key as successor_key,
        f.last_month,
        count(*) as movers
    from {{ ref('code_spells') }} as f
    inner join {{ ref('code_spells') }} as t
        on f.person_key = t.person_key and f.last_month + 1 = t.first_month
    cross join {{ source('run', 'parameters') }} as p
    where f.employer_key <> t.employer_key and p.follow_employer_successions
    group by f.employer_key, t.employer_key, f.last_month
    having count(*) >= 5

),

leaving as (

    select distinct predecessor_key, last_month
    from moves

),

workforces as (

    select
        l.predecessor_key,
        l.last_month,
        count(*) as workers
    from leaving as l
    inner join {{ ref('code_spells') }} as s
        on l.predecessor_key = s.employer_key and l.last_month between s.first_month and s.last_month
    group by l.predecessor_key, l.last_month

),

-- a code carries on once: of several moves the last counts
successions as (

    select
        m.predecessor_key,
        m.successor_key,
        m.last_month,
        w.workers,
        m.movers
    from moves as m
    inner join workforces as w on m.predecessor_key = w.predecessor_key and m.last_month = w.last_month
    where m.movers * 5 >= w.workers * 4
    qualify
        row_number() over (
            partition by m.predecessor_key order by m.last_month desc, m.movers desc, m.successor_key asc
        ) = 1

),

-- who took over a workforce later lives on: its own earlier move does not count
overtaken as (

    select distinct s.predecessor_key
    from successions as s
    inner join successions as taken
        on s.predecessor_key = taken.successor_key
    where
        taken.last_month > s.last_month
        or (taken.last_month = s.last_month and taken.predecessor_key > s.predecessor_key)

),

standing as (

    select s.*
    from successions as s
    left join overtaken as o on s.predecessor_key = o.predecessor_key
    where o.predecessor_key is null

),

links as (

    select
        predecessor_key as member,
        successor_key as next
    from standing

),

{{ chain_ends('employers', 'links') }}

select
    s.predecessor_key,
    s.successor_key,
    e.last as surviving_key,
    {{ month_text('s.last_month') }} as last_month,
    s.workers,
    s.movers,
    100.0 * s.movers / s.workers as moved_share
from standing as s
inner join employers as e on s.predecessor_key = e.member
