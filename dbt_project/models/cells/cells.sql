-- Every published cell of the register with its counts: areas of both lists x sex x age group x urban/rural.
{{ cells_of(ref('province_counts'), ref('commune_counts')) }}
