# smtp-mirror: `make help` lists what there is. The first run builds what it
# needs into ${XDG_CACHE_HOME:-~/.cache}/smtp-mirror; nothing else is installed.
SHELL := /bin/bash
GO ?= go
export CGO_ENABLED ?= 0

.PHONY: help build demo test vet lint unit race fuzz integration bench test-rotation test-faults acceptance controlplane dnsservers stalwart test-stalwart test-charts test-chart-stalwart manifests image test-image check-kit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## bin/smtp-mirror, as it is shipped
	$(GO) build -trimpath -ldflags="-s -w" -o bin/smtp-mirror ./cmd/smtp-mirror

demo: controlplane ## the controller doing its whole job, live (ARGS=--keep leaves it running)
	@$(GO) run -trimpath ./hack/demo $(ARGS)

test: vet lint controlplane dnsservers test-image test-charts ## vet, lint, the image, the charts, unit, fuzz seeds, -race, integration
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

test-charts: controlplane ## the Helm charts, in a module of their own, and a rehearsal with Pods that run (2 minutes; the first run builds Helm: 2 minutes more)
	@hack/test-charts.sh

test-chart-stalwart: controlplane ## both charts with Helm, with Pods that run and a real 0.16 (STALWART_BIN), hurt and migrated, with no way out (needs root)
	@hack/test-chart-stalwart.sh

manifests: ## regenerate what is generated
	$(GO) run ./cmd/smtp-mirror rbac --config manifests/example.yaml --service-account stalwart-sovereign/smtp-mirror > manifests/rbac.yaml
	cd manifests/test && $(GO) run -trimpath ./generate
	cd manifests/test && $(GO) test -trimpath -run Golden . -update

image: ## the container image for amd64 and arm64, built twice and compared, into dist (FRESH=1: the second time without any cache)
	@hack/image.sh build $(if $(FRESH),--fresh)

test-image: ## the builder's tests; one platform is built twice, read back, and run with nothing around it
	@hack/image.sh test

check-kit: ## the bootstrap kit against its declared dependencies (KIT=DIR, EXPECTED=FILE, ARGS="--graph text")
	@$(GO) run -trimpath ./hack/check-bootstrap-deps --kit $${KIT:-manifests/bootstrap-kit} --expected $${EXPECTED:-manifests/bootstrap-kit/expected-bootstrap-deps.yaml} $(ARGS)

clean: ## what make has built here (not the cache)
	rm -rf bin dist
