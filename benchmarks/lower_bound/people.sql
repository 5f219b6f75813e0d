-- pq: a row per resident aged 15 or more and quarter, packed into one number k, with the wage. Its bits, from the lowest:
-- 5 status a year before, 8 a quarter before (7: not there), 11 insurance (1 compulsory, 2 voluntary, 4 unemployment),
-- 14 retrained, 15 trained (1, 2 with a certificate), 17 underemployed, 18 section (1 A, 2 other), 20 status,
-- 23 of working age, 24 aged 16 to 30, 25 age group of ten years, 28 male, 29 old commune, 46 place, 60 quarter.
create temp table resident as
select
    r.m, r.qf, r.qe,
    r.i * (1::bigint << 46) + coalesce(case when ch.o is not null then s.last_old end, 0) * (1::bigint << 29)
    + r.m::int * (1::bigint << 28) as fixed,
    (year(r.birth) * 12 + month(r.birth) - 1 - {{ first_month }})::int as bm,
    day(r.birth)::int as bd,
    hits, si, tr, lr, own, mask,
    {% for q in range(quarters) %}w{{ q }}{{ ', ' if not loop.last }}{% endfor %}

from record as r
join state as s using (cid)
left join change as ch on ch.n = case when r.ver24 = 2025 and r.c24 is null then r.com end and ch.o = s.last_old;

{% macro status_before(q, n) -%}
{%- if q < n -%} 7
{%- else -%}
case when mask & {{ 2 ** (q - n) }} > 0 and age >= {{ 180 + 3 * n }} then status_of(byte_of(hits, {{ q - n }}), byte_of(lr, {{ q - n }})) else 7 end
{%- endif -%}
{%- endmacro %}
create temp table pq as
{% for q in range(quarters) %}
{% set age = '(' ~ (3 * q + 2) ~ ' - bm - ' ~ ('(bd > 30)::int' if q % 4 in (1, 2) else '0') ~ ')' %}
select
    fixed + {{ q }} * (1::bigint << 60)
    + least((age - 180) // 120, 5) * (1 << 25)
    + (age between 192 and 371)::int * (1 << 24)
    + (age < case when m then {{ working_age[q][0] }} else {{ working_age[q][1] }} end)::int * (1 << 23)
    + st * (1 << 20)
    + case when st <> 1 then 0 when own_section > 0 then own_section else (l >> 2) & 3 end * (1 << 18)
    + ((l >> 4) & 1) * (1 << 17)
    + ((t & 3) | ((l >> 5) & 3)) * (1 << 15)
    + ((t >> 2) & 1) * (1 << 14)
    + (b & 7) * (1 << 11)
    + ({{ status_before(q, 1) }}) * (1 << 8)
    + ({{ status_before(q, 4) }}) * (1 << 5) as k,
    case when st = 1 and b & 1 > 0 then w{{ q }} end as wage
from (
    select
        *, status_of(h, l) as st,
        case when b & 1 > 0 then (b >> 3) & 3 when h & 2 > 0 then byte_of(own, {{ q }}) else 0 end as own_section
    from (
        select
            fixed, m, {{ age }} as age, hits, lr, mask, own, w{{ q }},
            byte_of(hits, {{ q }}) as h, byte_of(lr, {{ q }}) as l, byte_of(tr, {{ q }}) as t, byte_of(si, {{ q }}) as b
        from resident
        where qf <= {{ q }} and qe > {{ q }} and {{ age }} >= 180
    )
)
{{ 'union all' if not loop.last }}
{% endfor %};
