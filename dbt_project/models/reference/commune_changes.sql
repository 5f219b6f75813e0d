-- Which old commune went (wholly or in part) into which new one, with the old one's district and urban flag.
select
    cast(ch.old_commune_code as integer) as old_commune,
    cast(ch.new_commune_code as integer) as new_commune,
    c.district_2024 as old_district,
    c.urban_before as old_urban
from {{ ref('area_changes') }} as ch
inner join {{ ref('communes') }} as c
    on c.area_version = '2024' and c.commune_code = cast(ch.old_commune_code as integer)
