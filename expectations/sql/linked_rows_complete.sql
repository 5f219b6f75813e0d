-- One row per source and delivery; it fails if linking lost, doubled or invented a row.
-- Counts and sums of row numbers tell that in one pass without holding every row.
with staged as (

    select 'social_insurance' as object, delivery_key, row_id from restricted.staging.stg_social_insurance
    union all
    select 'training' as object, delivery_key, row_id from restricted.staging.stg_training
    union all
    select 'labour_register' as object, delivery_key, row_id from restricted.staging.stg_labour_register
    union all
    select 'unemployment_benefits' as object, delivery_key, row_id from restricted.staging.stg_unemployment_benefits
    union all
    select 'job_seekers' as object, delivery_key, row_id from restricted.staging.stg_job_seekers
    union all
    select 'overseas_contracts' as object, delivery_key, row_id from restricted.staging.stg_overseas_contracts

),

linked as (

    select 'social_insurance' as object, delivery_key, row_id from restricted.identity.linked_social_insurance
    union all
    select 'training' as object, delivery_key, row_id from restricted.identity.linked_training
    union all
    select 'labour_register' as object, delivery_key, row_id from restricted.identity.linked_labour_register
    union all
    select 'unemployment_benefits' as object, delivery_key, row_id from restricted.identity.linked_unemployment_benefits
    union all
    select 'job_seekers' as object, delivery_key, row_id from restricted.identity.linked_job_seekers
    union all
    select 'overseas_contracts' as object, delivery_key, row_id from restricted.identity.linked_overseas_contracts

),

staged_deliveries as (

    select object, delivery_key, count(*) as staged_rows, sum(row_id) as row_sum, bit_xor(hash(row_id)) as row_mix
    from staged
    group by object, delivery_key

),

linked_deliveries as (

    select object, delivery_key, count(*) as linked_rows, sum(row_id) as row_sum, bit_xor(hash(row_id)) as row_mix
    from linked
    group by object, delivery_key

)

select
    object,
    s.row_sum is distinct from l.row_sum
    or s.row_mix is distinct from l.row_mix
    or s.staged_rows is distinct from l.linked_rows as failed,
    delivery_key,
    s.staged_rows,
    l.linked_rows
from staged_deliveries as s
full join linked_deliveries as l using (object, delivery_key)
