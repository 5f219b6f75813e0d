-- Job flows of employers by province, section and quarter, as counted.
-- noqa: disable=CP02,PRS
{{ labour_flows_of(ref('place_counts')) }}
