"""The tests of bertsim: one `test_<module>.py` per module; `make test` runs them all."""
