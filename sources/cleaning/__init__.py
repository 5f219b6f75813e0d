"""From tidy text to typed columns and faults: the rules of SPEC §1-2 as SQL, made from the contracts."""
