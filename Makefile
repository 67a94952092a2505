# Short names for what one does daily. .ci/run is the truth; nothing is checked here that isn't there.

# For the linker, and for images, whose build sees no history.
VERSION ?= $(shell .ci/version)
STAMP := -ldflags="-X github.com/mlpsync/mlpsync/internal/version.stamped=$(VERSION)"

.PHONY: build test lint demo image up ci torture soak bench clean

build: ## The programs as they ship, for this system and for Windows, in dist/
	CGO_ENABLED=0 go build -trimpath $(STAMP) -o dist/ ./cmd/mlpsync ./cmd/mockmlp
	GOOS=windows CGO_ENABLED=0 go build -trimpath $(STAMP) -o dist/ ./cmd/mlpsync ./cmd/mockmlp

test: ## All tests
	go test ./...

lint: ## gofmt, go vet for both systems, staticcheck
	.ci/run format vet lint

demo: ## The whole job on the sample export, once
	go run ./cmd/mlpsync demo --once

image: ## The image mlpsync, from golang:1.26 or BUILDER=image
	docker build --target mlpsync --tag mlpsync --build-arg VERSION=$(VERSION) $(if $(BUILDER),--build-arg BUILDER=$(BUILDER)) .

up: ## Daemon and mock in containers
	VERSION=$(VERSION) docker compose up --build

torture: ## More than 500 kills with each of 3 seeds, in three quarters of an hour and more
	go build -o dist/ ./cmd/mlpsync
	for seed in 1 2 3; do dist/mlpsync selftest crash --rounds 9 --seed $$seed || exit 1; done

soak: ## Half an hour of faults, changing exports and kills: memory flat, nothing lost
	go build -o dist/ ./cmd/mlpsync
	dist/mlpsync selftest soak --for 30m

bench: ## What mlpsync costs, against its targets, into bench/report.md; on a quiet machine, in a quarter of an hour and more
	go run ./bench

ci: ## Everything that CI does
	.ci/run

clean:
	rm -rf dist
