-- One row per person and quarter; it fails if the person is there more than once.
-- Who has as many different quarters as rows is in none twice. A bit a quarter tells that of 63 quarters; who has more, or one
-- twice, is looked at quarter by quarter.
with suspects as (

    select person_key
    from {warehouse}.labour.person_quarters
    group by person_key
    having count(*) is distinct from bit_count(bit_or(1::bigint << (quarter % 63)))

)

select 'labour.person_quarters' as object, false as failed, p.person_key, p.quarter, 1 as row_count
from {warehouse}.labour.person_quarters as p
where not exists (select 1 from suspects as s where s.person_key is not distinct from p.person_key)
union all
select 'labour.person_quarters' as object, count(*) > 1 as failed, p.person_key, p.quarter, count(*) as row_count
from {warehouse}.labour.person_quarters as p
where exists (select 1 from suspects as s where s.person_key is not distinct from p.person_key)
group by p.person_key, p.quarter
