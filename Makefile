.DEFAULT_GOAL := help
SHELL := /bin/bash
DATA ?= ./data
LISTEN ?= 127.0.0.1:8080

# Built from a module of its own, and kept in Go's build cache.
LINT := go tool -modfile=tools/go.mod golangci-lint

.PHONY: help
help: ## print this
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r t d; do printf '  make %-8s %s\n' "$$t" "$$d"; done

.PHONY: run
run: setup build ## start everything on this machine (DATA=./data LISTEN=127.0.0.1:8080)
	@exec ./bin/hirelog serve --data $(DATA) --listen $(LISTEN)

.PHONY: build
build: ## build ./bin/hirelog
	go build -o bin/hirelog ./cmd/hirelog

.PHONY: test
test: setup ## run all tests
	go test -timeout 10m ./...

.PHONY: conformance
conformance: setup ## the official clients' own tests of the node, a recruitment by a generated client (needs Node.js and npm)
	cd conformance && go generate ./... && go vet ./... && go test -count=1 -timeout 15m -v ./...

.PHONY: lint
lint: ## check layers, mistakes and format
	$(LINT) run ./...

.PHONY: fmt
fmt: ## format all Go files
	$(LINT) fmt ./...

.PHONY: fuzz
fuzz: ## fuzz each decoder for ten seconds (or FUZZ=...)
	.ci/fuzz $(or $(FUZZ),10s)

.PHONY: bench
bench: setup build ## measure against the machine's limits, prints ratios
	go run ./cmd/bench

.PHONY: features
features: ## print what is to be done, each row with the tests that hold it
	@go run ./cmd/features

.PHONY: soak
soak: setup ## kill processes 200 times (or SOAK=...) under load, then check everything
	go run ./cmd/soak -kills $(or $(SOAK),200)

.PHONY: setup
setup: ## install PostgreSQL's server binaries if there are none
	@tools/setup-postgres

.PHONY: clean
clean: ## remove what was built; the data stays
	rm -rf bin coverage.out
