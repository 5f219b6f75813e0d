-- One row per accepted row of a source that is linked to persons; it fails if it is linked to nobody.
select 'social_insurance' as object, person_key is null as failed, row_id, delivery_key, link_rule
from restricted.identity.linked_social_insurance
union all
select 'training' as object, person_key is null as failed, row_id, delivery_key, link_rule
from restricted.identity.linked_training
union all
select 'labour_register' as object, person_key is null as failed, row_id, delivery_key, link_rule
from restricted.identity.linked_labour_register
union all
select 'unemployment_benefits' as object, person_key is null as failed, row_id, delivery_key, link_rule
from restricted.identity.linked_unemployment_benefits
union all
select 'job_seekers' as object, person_key is null as failed, row_id, delivery_key, link_rule
from restricted.identity.linked_job_seekers
union all
select 'overseas_contracts' as object, person_key is null as failed, row_id, delivery_key, link_rule
from restricted.identity.linked_overseas_contracts
