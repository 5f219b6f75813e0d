-- Every file up to the cut-off: what became of it and where its rows went (SPEC §1).
select
    r.source,
    r.period,
    r.revision,
    r.file,
    r.disposition,
    r.rows_read,
    r.accepted,
    r.quarantined,
    r.duplicate,
    r.superseded,
    p.release_id
from {{ source('run', 'row_accounting') }} as r
cross join {{ source('run', 'parameters') }} as p
