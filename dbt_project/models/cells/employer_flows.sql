-- Jobs of each employer and quarter: at the beginning, at the end, through it, begun, ended (SPEC §5, labour_flows).
select
    employer_key, quarter, in_quarter, at_beginning, at_end, full_quarter, accessions, recalls, separations
from {{ ref('keyed_employer_flows') }}
