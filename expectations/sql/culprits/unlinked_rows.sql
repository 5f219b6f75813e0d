-- Deliveries of a source, first those with most rows linked to nobody beyond what was usual in its earlier months (at most what
-- is allowed, so that months after a break do not hide behind it).
with counted as (

    select delivery_key, count(*) as accepted, count(*) filter (where person_key is null) as unlinked
    from restricted.identity.linked_{object}
    group by delivery_key

),

usual as (

    select
        *,
        least(coalesce(sum(unlinked) over earlier / sum(accepted) over earlier, {allowed}), {allowed}) as share
    from counted
    window earlier as (order by delivery_key rows between unbounded preceding and 1 preceding)

)

select d.folder, u.unlinked as rows, u.accepted as out_of
from usual as u
inner join restricted.landing.deliveries as d on d.source = '{object}' and u.delivery_key = d.delivery_key
where u.unlinked > 0
order by u.unlinked - u.share * u.accepted desc, u.unlinked desc, d.folder
