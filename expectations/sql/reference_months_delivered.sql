-- One row per quarter; it fails if no social insurance delivery of its reference month is in force.
select
    'social_insurance' as object,
    d.source is null as failed,
    q.period as quarter_text
from {warehouse}.run.quarters as q
left join {warehouse}.run.deliveries_in_force as d
    on d.source = 'social_insurance' and q.reference_month = d.period_month
