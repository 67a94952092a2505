#!/usr/bin/env bash
# Makes this fixture: a state of schema version 7. 41202bc is the last landed commit before schema 8.
# From the repository's root: internal/e2e/testdata/schema7/make.sh
exec "$(dirname "$0")/../make-state.sh" "$(dirname "$0")" 41202bc
