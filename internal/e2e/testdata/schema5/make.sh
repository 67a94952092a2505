#!/usr/bin/env bash
# Makes this fixture: a state of schema version 5. 0e8ba4c is the last landed commit before schema 6.
# From the repository's root: internal/e2e/testdata/schema5/make.sh
exec "$(dirname "$0")/../make-state.sh" "$(dirname "$0")" 0e8ba4c
