-- flow: jobs of a quarter by area and section, those that began and ended, were full, new, recalled, separated; created, destroyed.
create table flow as
with jobs as (
    select
        emp,
        {% for q in range(quarters) %}(((months >> {{ 3 * q }}) & 7 > 0)::int << {{ q }}){{ ' | ' if not loop.last }}{% endfor %} as qs,
        count(*) as n
    from job
    where emp is not null
    group by all
),

at_q as (
    select
        emp, q, sum(n) as m,
        sum(n) filter ((qs >> (q - 1)) & 1 = 1 and q > 0) as b,
        sum(n) filter ((qs >> (q + 1)) & 1 = 1) as e,
        sum(n) filter ((qs >> (q - 1)) & 1 = 1 and (qs >> (q + 1)) & 1 = 1 and q > 0) as f,
        sum(n) filter (
            q > 0 and (qs >> (q - 1)) & 1 = 0 and (qs >> greatest(q - 4, 0)) & ((1 << least(q, 4)) - 1) > 0
        ) as r
    from jobs
    join range({{ quarters }}) as t(q) on (qs >> q::int) & 1 = 1
    group by all
),

placed as (
    select
        q, coalesce(p24, 'unknown') as p24, coalesce(p25, 'unknown') as p25, coalesce(section, 'unknown') as section,
        coalesce(m, 0) as m, coalesce(b, 0) as b, coalesce(e, 0) as e, coalesce(f, 0) as f, coalesce(r, 0) as r
    from at_q
    left join (
        select ent, max_by(p24, qf)::varchar as p24, max_by(p25, qf)::varchar as p25, max_by(section, qf) as section
        from ent
        where qf < 8
        group by ent
    ) on emp = ent
)

select
    q, p24, p25, section, sum(m)::bigint as m, sum(b)::bigint as b, sum(e)::bigint as e, sum(f)::bigint as f,
    sum(m - b)::bigint as a, sum(r)::bigint as r, sum(m - e)::bigint as s,
    sum(greatest(e - b, 0))::bigint as jc, sum(greatest(b - e, 0))::bigint as jd
from placed
group by grouping sets ((q, p24, p25, section), (q, p24, p25), (q, section), (q));
