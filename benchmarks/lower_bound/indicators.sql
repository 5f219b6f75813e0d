{% from 'placed.sql' import placed with context %}
{% macro sums() %}{% for name in measures %}sum({{ name }})::bigint as {{ name }}{{ ', ' if not loop.last }}{% endfor %}{% endmacro %}
-- profile: how many are alike in everything; cube: by area, sex, age and urban; cell: by the areas, sexes and groups published.
create table profile as
select k, count(*) as n
from pq
group by k;

create temp table cube as
select
    q, p24, p25, dist, c24, c25, m, age, urban,
    {% for name, which in measures.items() %}
    sum(n) filter ({{ which }})::bigint as {{ name }}{{ ',' if not loop.last }}
    {% endfor %}
from (
    select
        *, (k >> 20) & 7 as st, (k >> 18) & 3 as sec, (k >> 17) & 1 as under, (k >> 15) & 3 as lvl, (k >> 14) & 1 as retr,
        (k >> 11) & 7 as b
    from {{ placed('profile') }}
)
group by all;

-- which published groups somebody belongs to, by sex, by the five bits of age, by urban and rural
create temp table belongs as
select *
from (values (0, 'female'), (0, 'total'), (1, 'male'), (1, 'total')) as s(of_m, sex)
cross join (
    select a.*, c as of_age
    from
        range(24) as t(c),
        lateral (
            select unnest([
                'total',
                ['15-24', '25-34', '35-44', '45-54', '55-64', '65+'][(c // 4 + 1)::int],
                case when (c // 2) % 2 = 1 then '16-30' end,
                case when c % 2 = 1 then 'working_age' end
            ]) as age_group
        ) as a
    where age_group is not null
) as a
cross join (values (true, 'urban'), (true, 'total'), (false, 'rural'), (false, 'total')) as u(of_urban, urban);

create temp table by_cell as
select q, p24, p25, sex, age_group, e.urban, {{ sums() }}
from (select q, p24, p25, m, age, urban, {{ sums() }} from cube group by all) as x
join belongs as e on m = of_m and age = of_age and x.urban = of_urban
group by all;

create temp table by_commune as
select q, p24, p25, dist, c24, c25, {{ sums() }}
from cube
group by all;

create table cell as
{% for version, level, area in with_groups %}
select q, '{{ version }}' as v, '{{ level }}' as l, {{ area }}::varchar as a, sex, age_group, urban, {{ sums() }}
from by_cell
group by all
union all
{% endfor %}
{% for version, level, area in totals_only %}
select
    q, '{{ version }}' as v, '{{ level }}' as l, {{ area }}::varchar as a, 'total' as sex, 'total' as age_group, 'total' as urban,
    {{ sums() }}
from by_commune
group by all
{{ 'union all' if not loop.last }}
{% endfor %};

create table transition as
select q, gap, p24, p25, m, band, f, t, sum(n)::bigint as n
from (
    select
        q, p24, p25, m, age >> 2 as band, (k >> 20) & 7 as t, unnest(['quarter', 'year']) as gap,
        unnest([(k >> 8) & 7, (k >> 5) & 7]) as f, n
    from {{ placed('profile') }}
)
where f < 7
group by all;
