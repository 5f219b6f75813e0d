-- One row per person and quarter; it fails if the person is there more than once.
select 'labour.person_quarters' as object, count(*) > 1 as failed, person_key, quarter, count(*) as row_count
from {warehouse}.labour.person_quarters
group by person_key, quarter
