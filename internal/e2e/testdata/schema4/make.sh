#!/usr/bin/env bash
# Makes this fixture: a state of schema version 4. 611b331 is the last landed commit before schema 5.
# From the repository's root: internal/e2e/testdata/schema4/make.sh
exec "$(dirname "$0")/../make-state.sh" "$(dirname "$0")" 611b331
