-- Persons of whom an increment computes everything anew, from the first quarter on: all whom something that changed
-- since the kept tables were made can reach at a reference date before the open quarter. Rather one too many than one
-- too few. Empty unless the run is an increment.
{%- set found = increment() %}
{%- set read = [ref('stg_population'), ref('touched_rows'), ref('enterprise_records')] %}
{%- set also = [source('landing', 'population'), source('run', 'quarters')] %}
{%- for source_name in linked_sources() %}{% do read.append(ref('linked_' ~ source_name)) %}{% endfor %}
{% if not found %}
select cast(null as bigint) as person_key
from {{ ref('spine') }}
where false
{% else %}
{{ touched_persons_of(found) }}
{% endif %}
