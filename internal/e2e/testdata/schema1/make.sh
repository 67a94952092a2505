#!/usr/bin/env bash
# Makes this fixture: a state of schema version 1. 6586391 is the last commit before schema 2.
# From the repository's root: internal/e2e/testdata/schema1/make.sh
exec "$(dirname "$0")/../make-state.sh" "$(dirname "$0")" 6586391
