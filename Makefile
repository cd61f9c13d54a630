# smtp-mirror: `make help` lists what there is. The first run builds what it
# needs into ${XDG_CACHE_HOME:-~/.cache}/smtp-mirror; nothing else is installed.
SHELL := /bin/bash
GO ?= go
export CGO_ENABLED ?= 0

.PHONY: help build demo test vet lint unit race fuzz integration bench test-rotation test-faults acceptance controlplane dnsservers stalwart test-stalwart test-charts manifests clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## bin/smtp-mirror, as it is shipped
	$(GO) build -trimpath -ldflags="-s -w" -o bin/smtp-mirror ./cmd/smtp-mirror

demo: controlplane ## the controller doing its whole job, live (ARGS=--keep leaves it running)
	@$(GO) run -trimpath ./hack/demo $(ARGS)

test: vet lint controlplane dnsservers test-charts ## vet, lint, charts, unit, fuzz seeds, -race, integration
	@hack/test.sh

vet: ## go vet
	$(GO) vet -trimpath ./...

lint: ## format, and what the repository demands of itself
	@hack/lint.sh

fuzz: ## every fuzz target for FUZZTIME (30s) each
	@hack/fuzz.sh $${FUZZTIME:-30s}

bench: controlplane ## the numbers, into bench/results.json
	@$(GO) run -trimpath ./hack/bench

test-faults: controlplane ## the fault matrix, into bench/faults.json (SHORT=1: a part; ROW=text, COUNT=n)
	@$(GO) run -trimpath ./test/faults

controlplane: ## etcd, kube-apiserver and kube-controller-manager from Go modules (7 minutes, once)
	@hack/build-controlplane.sh

dnsservers: ## PowerDNS and BIND from Debian packages, unpacked into the cache (30 seconds, once)
	@hack/install-dnsservers.sh

stalwart: ## a real Stalwart of the 0.15 line from crates (10 minutes, once)
	@hack/build-stalwart.sh

test-stalwart: ## the conformance suite against a real server: STALWART_BIN, else what `make stalwart` has installed
	@hack/test-stalwart.sh

test-rotation: controlplane ## consumers that log in all the time while everything is rotated (SHORT=1, ROTATIONS=200, ORDER=naive)
	@hack/test-rotation.sh

acceptance: controlplane dnsservers ## mail that the outside accepts while keys are rotated, into bench/dkim.json (SHORT=1, ROTATIONS=50, DRIVER=naive)
	@hack/acceptance.sh

test-charts: controlplane ## the Helm charts, in a module of their own (40 seconds; the first run builds Helm: 2 minutes more)
	@hack/test-charts.sh

manifests: ## regenerate what is generated
	$(GO) run ./cmd/smtp-mirror rbac --config manifests/example.yaml --service-account stalwart-sovereign/smtp-mirror > manifests/rbac.yaml
	cd manifests/test && $(GO) run -trimpath ./generate
	cd manifests/test && $(GO) test -trimpath -run Golden . -update

clean: ## what make has built here (not the cache)
	rm -rf bin
