#!/usr/bin/env bash
# Makes this fixture: a state of schema version 8. 3028c75 is the last landed commit before schema 9.
# From the repository's root: internal/e2e/testdata/schema8/make.sh
exec "$(dirname "$0")/../make-state.sh" "$(dirname "$0")" 3028c75
