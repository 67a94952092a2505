#!/usr/bin/env bash
# Makes this fixture: a state of schema version 6. 4b5db16 is the last landed commit before schema 7.
# From the repository's root: internal/e2e/testdata/schema6/make.sh
exec "$(dirname "$0")/../make-state.sh" "$(dirname "$0")" 4b5db16
