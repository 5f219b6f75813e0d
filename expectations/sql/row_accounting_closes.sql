-- Rows followed from the files to the tables: per file, per landed file, and per source.
with listed as (

    select source, period, revision, file, disposition, rows_read, accepted, quarantined, duplicate, superseded
    from {warehouse}.candidates.row_accounting

),

landed as (

    select
        d.source, d.period, d.revision, f.file,
        f.rows_read, f.accepted, f.quarantined, f.duplicate, f.superseded
    from restricted.landing.deliveries as d
    inner join restricted.landing.files as f using (source, delivery_key)
    where d.delivery_key // 1024 <= (select cutoff_month from {warehouse}.run.parameters)

),

used as (

    select source, sum(accepted) as accepted
    from listed
    where disposition = 'used'
    group by source

),

staged as (

    {% for source in sources %}
    select '{{ source }}' as source, count(*) as row_count from restricted.staging.stg_{{ source }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

linked as (

    select source, sum(rows) as row_count
    from {warehouse}.candidates.linkage
    group by source

),

linkable as (

    {% for source in linked %}
    select '{{ source }}' as source
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

)

select
    'row_accounting: files' as object,
    case
        when disposition = 'refused' then coalesce(rows_read, accepted, quarantined, duplicate, superseded) is not null
        else not coalesce(rows_read = accepted + quarantined + duplicate + superseded, false)
    end as failed,
    source, period, revision, file,
    rows_read as rows_expected,
    accepted + quarantined + duplicate + superseded as rows_found
from listed
union all
select
    'row_accounting: landing' as object,
    (l.rows_read, l.accepted, l.quarantined, l.duplicate, l.superseded)
    is distinct from (a.rows_read, a.accepted, a.quarantined, a.duplicate, a.superseded)
    or a.disposition is null or l.found is null as failed,
    source, period, revision, file,
    l.rows_read as rows_expected,
    a.rows_read as rows_found
from (select *, true as found from landed) as l
full join listed as a using (source, period, revision, file)
union all
select
    'row_accounting: staging' as object,
    coalesce(u.accepted, 0) <> coalesce(s.row_count, 0) as failed,
    source, null as period, null as revision, null as file,
    u.accepted as rows_expected,
    s.row_count as rows_found
from used as u
full join staged as s using (source)
where u.accepted > 0 or s.row_count > 0
union all
select
    'row_accounting: linkage' as object,
    coalesce(u.accepted, 0) <> coalesce(l.row_count, 0) or k.source is null as failed,
    source, null as period, null as revision, null as file,
    u.accepted as rows_expected,
    l.row_count as rows_found
from linkable as k
full join linked as l using (source)
left join used as u using (source)
where u.accepted > 0 or l.row_count > 0
