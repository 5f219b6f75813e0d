-- Population deliveries, first those whose rows moved most persons the way the population broke: out of it (dead, emigrated)
-- where it fell, into it where it rose. Who turned 15 moved by no row.
with breaks as (

    select q.quarter, q.ends_on, b.quarter as quarter_before, b.ends_on as ended_before, f.persons_now < f.persons_before as fell
    from (
{% include 'population_change.sql' %}
    ) as f
    inner join {warehouse}.run.quarters as q on f.quarter_text = q.period
    inner join {warehouse}.run.quarters as b on q.quarter = b.quarter + 1
    where f.object = '{object}' and f.failed is not false

),

counted as (

    select person_key, quarter
    from {warehouse}.labour.person_quarters
    where not exists (select 1 from {warehouse}.run.covered_provinces)
        or province_2024 in (select province_code from {warehouse}.run.covered_provinces)

),

moved as (

    select b.*, c.person_key
    from breaks as b
    inner join counted as c on c.quarter = case when b.fell then b.quarter_before else b.quarter end
    left join counted as o
        on c.person_key = o.person_key and o.quarter = case when b.fell then b.quarter else b.quarter_before end
    where o.person_key is null

),

-- a death is registered late: the row that says it may be of any time
because as (

    select m.quarter, m.person_key, first(r.row_id order by r.life_status = 'alive', r.valid_from desc) as row_id
    from moved as m
    inner join restricted.identity.population_records as r on m.person_key = r.person_key
    where (m.fell and r.life_status <> 'alive') or (r.valid_from > m.ended_before and r.valid_from <= m.ends_on)
    group by m.quarter, m.person_key

),

sent as (

    select delivery_key, count(*) as accepted
    from restricted.staging.stg_population
    group by delivery_key

)

select d.folder, count(*) as rows, any_value(s.accepted) as out_of
from because as b
inner join restricted.staging.stg_population as p on b.row_id = p.row_id
inner join sent as s on p.delivery_key = s.delivery_key
inner join restricted.landing.deliveries as d on d.source = 'population' and p.delivery_key = d.delivery_key
group by d.folder
order by rows desc, d.folder
