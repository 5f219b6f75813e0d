-- One row per figure that must not be known; it fails if the audit could compute it from what is shown.
select o.table_name as object, r.number <= o.exposed as failed, r.number
from {warehouse}.disclosure.outcome as o
cross join lateral (select unnest(range(1, o.audited + 1)) as number) as r
