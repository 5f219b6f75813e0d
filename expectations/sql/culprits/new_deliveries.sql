-- Deliveries in use that the last release did not use, or with other files, first those with most rows.
select d.folder, sum(f.accepted) as rows, sum(f.rows_read) as out_of
from restricted.landing.deliveries as d
inner join restricted.landing.files as f using (source, delivery_key)
where d.folder in ({changed})
group by d.folder
order by rows desc, d.folder
