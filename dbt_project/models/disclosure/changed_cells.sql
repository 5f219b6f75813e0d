{{ config(alias='cells') }}
-- Every published cell of the register with its counts, added up from the changed finest counts.
{{ cells_of(ref('changed_provinces'), ref('changed_communes')) }}
