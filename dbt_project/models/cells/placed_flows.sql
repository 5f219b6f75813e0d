{{ config(materialized='view') }}
-- Jobs of each employer and quarter with the employer's province and section at the cut-off (SPEC §5, labour_flows).
select
    f.employer_key,
    f.quarter,
    coalesce(e.province_2024, 'unknown') as province_2024,
    coalesce(e.province_2025, 'unknown') as province_2025,
    coalesce(e.section, 'unknown') as section,
    f.in_quarter,
    f.at_beginning,
    f.at_end,
    f.full_quarter,
    f.accessions,
    f.recalls,
    f.separations,
    greatest(f.at_end - f.at_beginning, 0) as created,
    greatest(f.at_beginning - f.at_end, 0) as destroyed
from {{ ref('employer_flows') }} as f
left join {{ ref('enterprises') }} as e on f.employer_key = e.employer_key
