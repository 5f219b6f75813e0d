{% from 'placed.sql' import placed with context %}
-- median_wage, exact: a histogram of buckets of 2^15 VND says in which bucket the middle of a cell lies, and only that one is
-- sorted. Districts and communes directly.
create temp table pay as
select q, p24, p25, dist, c24, c25, m, age, urban, wage, wage >> 15 as b
from {{ placed('(select * from pq where wage is not null)') }};

create temp table expand as
select e.*, z.*
from belongs as e
cross join (values ('2024', 'country', 0), ('2024', 'province', 24), ('2025', 'province', 25)) as z(v, l, w);

create temp table hist as
select q, p24, p25, m, age, urban, b, count(*) as n
from pay
group by all;

create temp table by_age as
select q, p24, p25, m, age_group, h.urban, b, sum(n)::int as n
from hist as h
join (select distinct of_age, age_group from expand) on age = of_age
group by all;

create temp table by_cut as
select
    q, p24, p25,
    case m when 1 then 'male' when 0 then 'female' else 'total' end as sex,
    age_group,
    case urban when true then 'urban' when false then 'rural' else 'total' end as urban,
    b, sum(n)::int as n
from by_age
group by grouping sets (
    (q, p24, p25, m, age_group, urban, b),
    (q, p24, p25, age_group, urban, b),
    (q, p24, p25, m, age_group, b),
    (q, p24, p25, age_group, b)
);

-- the bucket or two that hold the middle of a cell, and how many lie up to its end
create temp table want as
with cells as (
    {% for version, level, area in [('2024', 'country', '0'), ('2024', 'province', 'p24'), ('2025', 'province', 'p25')] %}
    select q, '{{ version }}' as v, '{{ level }}' as l, {{ area }} as a, sex, age_group, urban, b, sum(n)::bigint as n
    from by_cut
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

run as (
    select
        *,
        sum(n) over (partition by q, v, l, a, sex, age_group, urban order by b)::bigint as upto,
        sum(n) over (partition by q, v, l, a, sex, age_group, urban)::bigint as total
    from cells
)

select *, row_number() over () as id
from run
where (total + 1) // 2 between upto - n + 1 and upto or (total + 2) // 2 between upto - n + 1 and upto;

create temp table wanted as
select w.id, w.q, w.b, of_m as m, of_age as age, of_urban as urban, h.p24, h.p25
from want as w
join expand as e using (v, l, sex, age_group, urban)
join (select distinct p24, p25 from hist) as h
    on a = case e.w when 0 then 0 when 24 then h.p24 else h.p25 end;

create table median_wage as
select q, v, l, a::varchar as a, sex, age_group, urban, avg(wage) as wage
from (
    select w.*, wage, upto - n + row_number() over (partition by id order by wage) as place
    from pay
    join wanted using (q, b, m, age, urban, p24, p25)
    join want as w using (id)
)
where place in ((total + 1) // 2, (total + 2) // 2)
group by all
{% for version, level, area in totals_only %}
union all
select q, '{{ version }}', '{{ level }}', {{ area }}::varchar, 'total', 'total', 'total', median(wage)
from pay
group by q, {{ area }}
{% endfor %};
