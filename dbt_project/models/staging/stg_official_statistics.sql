{{ rows_in_force('official_statistics', own_area_version=true) }}
