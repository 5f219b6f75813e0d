-- job: a row per person and employer, its months as bits. spell: unbroken months; only jobs with gaps or doubled months are taken
-- month by month.
create view si as
select *
from l_social_insurance
where cid is not null and mon between {{ first_month }} and {{ first_month + months - 1 }};

create table job as
select j.* exclude (birth)
from (
    select
        cid, birth, emp,
        bit_or(1 << (mon - {{ first_month }})) as months,
        count(*) as n,
        sum(wage)::bigint as wages,
        min_by(wage, mon) as first_wage,
        max_by(wage, mon) as last_wage
    from si
    where comp
    group by cid, birth, emp
) as j
semi join spine using (cid, birth);

create temp table coded as
select
    *,
    months & -months as low,
    n <> bit_count(months) or (months // (months & -months)) & (months // (months & -months) + 1) <> 0 as odd
from job
where emp is not null;

create temp table odd_month as
select cid, emp, mon - {{ first_month }} as mon, max_by(wage, per) as wage
from si
semi join (from coded where odd) using (cid, emp)
where comp
group by all;

create table spell as
select
    cid, emp, bit_count(low - 1)::int as first_month, bit_count(low - 1)::int + bit_count(months) - 1 as last_month,
    wages, first_wage, last_wage
from coded
where not odd
union all
select b.cid, b.emp, k, last_month, sum(wage)::bigint, min_by(wage, mon), max_by(wage, mon)
from (
    select cid, emp, k, k + bit_count(xor(months >> k, (months >> k) + 1)) - 2 as last_month
    from (select cid, emp, months, unnest(range({{ months }}))::int as k from coded where odd)
    where (months >> k) & 1 = 1 and (k = 0 or (months >> (k - 1)) & 1 = 0)
) as b
join odd_month as m on m.cid = b.cid and m.emp = b.emp and mon between k and last_month
group by all;
