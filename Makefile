# A pipe fails when any part of it does.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

GO     ?= go
# Static programs run in empty containers, too. What needs no race detector is
# built the same way, so that it shares their cache.
STATIC := CGO_ENABLED=0 $(GO)
# The race detector needs a C compiler; without one the tests run plainly, and
# CI, which sets CI=true, refuses that.
CC_CMD := $(shell command -v $(firstword $(shell $(GO) env CC)) 2>/dev/null)
RACE   := $(if $(CC_CMD),-race)
# The example's Dockerfiles take programs that are built here, for this machine.
SHOP   := --local -f examples/shop/ecsail.yaml
ECSAIL := ECSAIL_HOME=$(CURDIR)/bin/demo ./bin/ecsail

.PHONY: help build demo demo-down test lint unit sweep engine moto bench docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

build: ## build bin/ecsail, and beside it the Linux program that tasks need on other systems
	$(STATIC) build -ldflags='-s -w' -o bin/ecsail ./cmd/ecsail
	@test "$$($(GO) env GOHOSTOS)" = linux || \
		GOOS=linux $(STATIC) build -ldflags='-s -w' -o bin/ecsail-linux-$$($(GO) env GOHOSTARCH) ./cmd/ecsail

demo: build ## run examples/shop on this machine: real containers where there is an engine
	$(MAKE) -s -C examples/shop binaries GOARCH=$$($(GO) env GOARCH)
	$(ECSAIL) up $(SHOP) --yes
	$(ECSAIL) status $(SHOP)

demo-down: build ## take the demo away again
	$(ECSAIL) down $(SHOP) --yes

test: lint moto engine unit sweep ## everything that must pass; installs what it needs

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'run gofmt -w on these'; exit 1; }
	$(STATIC) vet ./...
	$(STATIC) tool staticcheck ./...

unit: ## unit, golden, conformance, script and wire tests, with the race detector
ifeq ($(RACE),)
	@echo '*** no C compiler: the tests run WITHOUT the race detector ***'
	@test "$(CI)" != true || { echo 'CI needs one'; exit 1; }
endif
	$(GO) test $(RACE) -timeout 40m ./...

sweep: ## crash sweep over the whole example: dies at every call, in every way
	GOGC=400 $(STATIC) test -count=1 -timeout 60m -run 'TestSweep' -v ./internal/acceptance -sweep | grep -vE '^(=== |    --- )'

engine: ## a container engine for the tests of the local region
	@scripts/engine.sh

moto: ## the independent emulator for the wire tests
	@scripts/moto.sh

bench: ## the performance figures, as ratios
	$(GO) test -count=1 -timeout 30m -run 'Figures' -v ./bench -figures | grep {

docs: ## regenerate the generated documentation
	$(GO) test -count=1 -run Reference . -update

clean: ## remove what was built
	rm -rf bin dist
