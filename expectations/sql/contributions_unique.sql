-- One row per person, employer, month and scheme; it fails if there is more than one contribution.
select
    'labour.contributions' as object,
    count(*) > 1 as failed,
    person_key,
    employer_key,
    unknown_employer,
    month,
    compulsory,
    count(*) as row_count
from {warehouse}.labour.contribution_months
group by person_key, employer_key, unknown_employer, month, compulsory
