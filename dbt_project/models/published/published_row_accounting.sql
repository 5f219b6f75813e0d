{{ config(alias='row_accounting') }}
-- What became of every file up to the cut-off, as released.
select * from {{ ref('row_accounting') }}
