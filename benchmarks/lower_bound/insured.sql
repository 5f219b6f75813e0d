-- insured: a row per person; bytes: 1 compulsory, 2 voluntary, 4 unemployment insured, 8 section A, 16 another section; and the
-- wage of each quarter's last month.
create table ent as
select
    ent, own, reg, section, p24, p25,
    during(qf, qt) as in_q,
    case when stat = 'active' then during(qf, qt) else 0::ubigint end as active,
    qf, qt
from (
    select
        ent, case when own_id is not null then own_id when len in (11, 12) then ent end as own,
        reg, com, ver24, vsic, stat, quarter_of(upd) as qf,
        coalesce(quarter_of(lead(upd) over (partition by ent order by upd, per)), 9) as qt
    from enterprises
) as e
join place on v = ver24 and code = com
left join (select * from division where version = '2018') as d on try_cast(left(vsic, 2) as int) between d.a and d.b
where qf < qt;

create table ent_section as
select
    ent, bit_or(times(in_q, case when section = 'A' then 8 when section is not null then 16 else 0 end)) as section
from ent
group by ent;

create table insured as
with month_row as (
    {% for q in range(quarters) %}
    select
        cid, {{ q }} as q, bool_or(comp) as comp, bool_or(not comp) as vol, bool_or(comp and ui) as ui,
        sum(wage) filter (comp)::int as wage, max_by(emp, wage) filter (comp) as emp
    from (
        select cid, emp, comp, bool_or(ui) as ui, max_by(wage, per) as wage
        from si
        semi join spine using (cid, birth)
        where mon = {{ first_month + 3 * q + 2 }}
        group by all
    )
    group by cid
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    cid,
    bit_or((
        comp::int + 2 * vol::int + 4 * coalesce(ui, false)::int
        + case when comp then coalesce(byte_of(section, q), 0) & 24 else 0 end
    )::ubigint << (8 * q)::ubigint) as bytes,
    {% for q in range(quarters) %}
    max(case when q = {{ q }} and comp then wage end) as w{{ q }}{{ ',' if not loop.last }}
    {% endfor %}
from month_row
left join ent_section on emp = ent
group by cid;
