#!/usr/bin/env bash
# Makes this fixture: a state of schema version 3. 5d43130 is the last commit before schema 4.
# From the repository's root: internal/e2e/testdata/schema3/make.sh
exec "$(dirname "$0")/../make-state.sh" "$(dirname "$0")" 5d43130
