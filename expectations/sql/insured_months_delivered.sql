-- One row per month from the first insurance delivery in force to the cut-off; it fails if no delivery of it is in force.
with delivered as (

    select distinct period_month
    from {warehouse}.run.deliveries_in_force
    where source = 'social_insurance'

),

months as (

    select unnest(range(
        (select min(period_month) from delivered), (select cutoff_month + 1 from {warehouse}.run.parameters)
    )) as month

)

select
    'social_insurance' as object,
    d.period_month is null as failed,
    m.month as month_number
from months as m
left join delivered as d on m.month = d.period_month
