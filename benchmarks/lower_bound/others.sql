-- Claims, owners, training and the labour register, a byte a quarter each; state: all of it side by side, a row per person.
create table claim as
with x as (
    select *, 8 as b
    from (select * from l_overseas_contracts qualify row_number() over (partition by no order by per desc) = 1)
    union all by name
    select * replace (fin + 1 as fin), 16 as b
    from (select * from l_unemployment_benefits qualify row_number() over (partition by no order by per desc) = 1)
    union all by name
    select *, 32 as b
    from (select * from l_job_seekers qualify row_number() over (partition by no order by per desc) = 1)
)

select cid, bit_or(times(during(quarter_of(beg), quarter_of(fin)), b)) as hits
from x
group by cid;

create table owner as
select
    own as cid,
    bit_or(times(active, 2)) as hits,
    min_by(times(active, case when section = 'A' then 1 when section is not null then 2 else 0 end), (reg, ent)) as section
from ent
where own is not null and active > 0
group by own;

{% set level %}
case lvl when 'no_certificate' then 1 when 'under_3_months' then 1 when 'elementary' then 3 when 'intermediate' then 3
    when 'college' then 3 when 'university' then 3 when 'postgraduate' then 3 else 0 end
{%- endset %}
-- bytes: 1 trained, 2 with a certificate, 4 retrained in the year; hits: 128 in training
create table trained as
select
    cid,
    bit_or(
        case when out = 'completed' and cert then times(ones_from(coalesce(quarter_of(fin), 9)), {{ level }}) else 0::ubigint end
        | case
            when out = 'completed' and kind in ('retraining', 'continuing')
                then times(during(quarter_of(fin), (year(fin) - {{ first_year - 1 }}) * 4), 4)
            else 0::ubigint
        end
    ) as bytes,
    bit_or(
        case
            when kind = 'initial' and lvl in ('intermediate', 'college', 'university', 'postgraduate')
                then times(during(quarter_of(beg), quarter_of(fin)), 128)
            else 0::ubigint
        end
    ) as hits
from (select * from l_training qualify row_number() over (partition by inst, rec order by per desc) = 1)
group by cid;

-- of the last survey within a year, by day and month of delivery: 1-3 activity, 4 section A, 8 another, 16 underemployed, 32 level
create table registered as
with b as (
    select
        cid, birth, day,
        ((day - date '2020-01-01') * 32 + per - {{ first_month }}) * 256
        + case act when 'employed' then 1 when 'unemployed' then 2 else 3 end
        + case when l.section = 'A' then 4 when l.section is not null then 8 else 0 end
        + case when hrs < 35 and more and avail then 16 else 0 end
        + 32 * {{ level }} as n
    from l_labour_register as r
    left join letter as l on l.version = coalesce(r.ver, '2018') and l.letter = r.sec
    where cid is not null
),

q as (
    select
        cid, birth,
        {% for end in ends %}
        max(case when day <= {{ end }} and day > ({{ end }}) - interval 1 year then n end) as n{{ loop.index0 }}{{ ',' if not loop.last }}
        {% endfor %}
    from b
    group by cid, birth
)

select
    cid,
    {% for q in range(quarters) %}
    ((coalesce(n{{ q }}, 0) & 255)::ubigint << {{ 8 * q }}::ubigint){{ ' |' if not loop.last }}
    {% endfor %} as bytes
from q;

-- hits: 1 compulsory, 2 owner, 4 voluntary, 8 abroad, 16 benefit, 32 job seeker, 64 surveyed, 128 in training
create table state as
select
    cid, s.last_old, e.mask, z(i.bytes) as si, z(t.bytes) as tr, z(r.bytes) as lr, z(o.section) as own,
    {% for q in range(quarters) %}w{{ q }}, {% endfor %}

    (z(i.bytes) & ones()) | ((z(i.bytes) & (2 * ones())) << 1::ubigint) | z(o.hits) | z(k.hits) | z(t.hits)
    | (((z(r.bytes) | (z(r.bytes) >> 1::ubigint)) & ones()) << 6::ubigint) as hits
from presence as e
join spine as s using (cid)
left join insured as i using (cid)
left join owner as o using (cid)
left join claim as k using (cid)
left join trained as t using (cid)
left join registered as r using (cid);
