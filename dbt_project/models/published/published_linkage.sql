{{ config(alias='linkage', materialized='view') }}
-- How accepted rows were linked, as released.
select * from {{ ref('linkage') }}
