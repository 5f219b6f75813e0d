-- Communes of both lists, each with what it is in the other: table place, one row per list and commune.
create table area as from read_csv('{{ seeds }}/areas.csv', all_varchar = true);

create table change as
select
    old_commune_code::int as o,
    new_commune_code::int as n,
    old_province_code::int as po,
    new_province_code::int as pn
from read_csv('{{ seeds }}/area_changes.csv', all_varchar = true);

create table zone as
select code::int as code, old_province_code::int as po
from read_csv('{{ seeds }}/special_zones_2025.csv', all_varchar = true);

create table division as
select version, section, division_from::int as a, division_to::int as b
from read_csv('{{ seeds }}/industry_divisions.csv', all_varchar = true);

-- a section of either version of the classification as one of 2018
create table letter as
select distinct d.version, d.section as letter, o.section
from division as d
join division as o on o.version = '2018' and d.a between o.a and o.b;

create table place as
with old as (
    select c.code::int as code, d.code::int as dist, d.parent_code::int as p24, p.pn as p25, c.urban = 'true' as urban
    from area as c
    join area as d on d.level = 'district' and c.parent_code = d.code
    join (select distinct po, pn from change) as p on p.po = d.parent_code::int
    where c.level = 'commune' and c.area_version = '2024'
),

new as (
    select code::int as code, parent_code::int as p25, urban = 'true' as urban
    from area
    where level = 'commune' and area_version = '2025'
),

-- what an old commune became, if one thing; what a new one was made of, as far as it is one thing
became as (
    select
        o,
        case when count(*) = 1 then max(n) end as n,
        case when min(urban) = max(urban) then min(urban) end as urban
    from change
    join new on n = code
    group by o
),

was as (
    select
        n,
        max(p24) as p24,
        case when count(*) = 1 then max(o) end as o,
        case when min(dist) = max(dist) then min(dist) end as dist,
        case when min(urban) = max(urban) then min(urban) end as urban
    from change
    join old on o = code
    group by n
)

select row_number() over (order by v, code)::int as i, *
from (
    select
        2024 as v, old.code, p24, p25, dist, old.code as c24, became.n as c25, old.urban as u24,
        coalesce(became.urban, old.urban) as u25
    from old
    left join became on became.o = old.code
    union all
    select
        2025, new.code, coalesce(was.p24, zone.po), p25, was.dist, was.o, new.code, coalesce(was.urban, new.urban), new.urban
    from new
    left join was on was.n = new.code
    left join zone on zone.code = new.code
);
