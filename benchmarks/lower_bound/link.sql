-- Rows whose citizen ID and birth date are not a person's are few identities: these are resolved, and views l_<source> put
-- them beside the rest. Rules: 1 the ID, 2 the previous ID (each with birth date or name), 4 name, birth date and sex; the
-- first that hits counts, and one person only.
{% for source in linked %}
create table loose_{{ source }} as
select *, hash(cid, p9, name, birth, m) as h
from {{ source }}
anti join spine using (cid, birth);
{% endfor %}

create table identity as
select
    h, any_value(cid) as cid, any_value(p9) as p9, any_value(lower(name)) as n, any_value(birth) as birth, any_value(m) as m
from (
    {% for source in linked %}
    select h, cid, p9, name, birth, m from loose_{{ source }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)
group by h;

create table resolved as
with hit as (
    select h, 1 as rule, p.cid
    from identity as i
    join population as p on p.cid = i.cid
    where p.birth = i.birth or lower(p.name) = n
    union all
    select h, 2, p.cid
    from identity as i
    join population as p on p.prev = i.p9
    where p.birth = i.birth or lower(p.name) = n
    union all
    select h, 4, p.cid
    from identity as i
    join population as p on hash(lower(p.name), p.birth, p.m) = hash(n, i.birth, i.m)
)

select h, min(cid) as cid
from hit
semi join (select h, min(rule) as rule from hit group by h) using (h, rule)
group by h
having min(cid) = max(cid);

{% for source in linked %}
create view l_{{ source }} as
select * from {{ source }}
{{ 'semi join spine using (cid, birth)' if source != 'social_insurance' }}
union all by name
select l.* exclude (h) replace (r.cid as cid, s.birth as birth)
from loose_{{ source }} as l
join resolved as r on l.h = r.h
join spine as s on s.cid = r.cid;
{% endfor %}
