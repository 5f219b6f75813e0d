"""The auditor's questions to a release: explain one number, compare two releases, verify that nothing was changed (SPEC §8)."""
