-- One row per plan target, or per line of target_progress without one; it fails unless there is one of each.
{% set line = catalogue.target_progress.key + ('comparator', 'target_value') %}
with targets as (

    select {{ line | listed }}, count(*) as targets
    from (select * rename (target_year as year, value as target_value) from {warehouse}.reference.plan_targets)
    group by all

),

lines as (

    select {{ line | listed }}, count(*) as line_count
    from {warehouse}.candidates.target_progress
    group by all

)

select
    'target_progress: plan targets' as object,
    t.targets is distinct from l.line_count as failed,
    {{ line | listed }},
    t.targets,
    l.line_count
from targets as t
full join lines as l using ({{ line | listed }})
