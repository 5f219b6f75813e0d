-- spine: a row per citizen ID of the register. record: a row per register record with the quarters qf <= q < qe it is in force
-- at. presence: the quarters somebody is there, a bit each.
create table spine as
select
    cid,
    max_by(birth, upd) as birth,
    max(case when ver24 = 2024 then epoch(upd)::bigint << 20 | com end) & 1048575 as last_old, -- last commune of the old list
    max_by(case when life = 'deceased' then sd end, upd) as died
from population
where cid is not null
group by cid;

create table record as
select
    p.cid, place.i, p.birth, m, greatest(qf, 0) as qf,
    least(qt, coalesce(quarter_of(case when life <> 'alive' then sd end), 9), coalesce(quarter_of(s.died), 9)) as qe,
    ver24, p.com, place.c24
from (
    select
        cid, com, ver24, birth, m, life, sd,
        quarter_of(upd) as qf,
        coalesce(quarter_of(lead(upd) over (partition by cid order by upd, per)), 8) as qt
    from population
    where cid is not null
) as p
join place on place.v = p.ver24 and place.code = p.com
join spine as s on s.cid = p.cid
where qf < qe and qe > 0 and qf < 8 and p.birth is not null;

create table presence as
select cid, bit_or((1 << qe) - (1 << qf)) as mask
from record
group by cid;
