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
        count(distinct case when s.first_month <= l.last_month then s.person_key end) as workers,
        count(distinct case when s.last_month > l.last_month then s.person_key end) as stayed
    from leaving as l
    inner join {{ ref('code_spells') }} as s on l.predecessor_key = s.employer_key and l.last_month <= s.last_month
    group by l.predecessor_key, l.last_month

),

-- a code carries on once, by its largest move; one that keeps or regains as many workers as moved has not stopped
successions as (

    select
        m.predecessor_key,
        m.successor_key,
        m.last_month,
        w.workers,
        m.movers,
        w.stayed
    from moves as m
    inner join workforces as w on m.predecessor_key = w.predecessor_key and m.last_month = w.last_month
    left join {{ ref('stg_employer_keys') }} as k on m.successor_key = k.employer_key
    where m.movers * 5 >= w.workers * 4 and w.stayed < m.movers
    qualify
        row_number() over (
            partition by m.predecessor_key
            order by m.movers desc, m.last_month desc, coalesce(k.employer_id, m.successor_key) asc
        ) = 1

),

-- who took over a workforce in that month or later lives on: its own move does not count
overtaken as (

    select distinct s.predecessor_key
    from successions as s
    inner join successions as taken
        on s.predecessor_key = taken.successor_key and s.last_month <= taken.last_month

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
    s.stayed,
    100.0 * cast(s.movers as double) / s.workers as moved_share
from standing as s
inner join employers as e on s.predecessor_key = e.member
