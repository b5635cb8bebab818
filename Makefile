# Everything that a person has to remember about building, trying and testing Weir.
.DEFAULT_GOAL := help
.PHONY: help deps build demo demo-stop check test bench format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## bring what the host lacks to build and run Weir (apt, PyPI, a range of users for containers; does nothing when all is there)
	@Scripts/deps.sh

build: deps ## build the weir executable (debug)
	swift build --product weir

demo: build ## start Weir on loopback and play the whole story on real input; leaves it running
	@Scripts/demo.sh

demo-stop: ## end what `make demo` left running
	@Scripts/demo-stop.sh

check: ## format check, build and the tests that need no container, for a look in between
	@Scripts/test.sh fast

test: ## format check, unit, integration and end-to-end tests
	@Scripts/test.sh

bench: ## measure Weir against its peers and print a table
	@Scripts/bench.sh

format: ## lay out all Swift files as .swift-format says
	swift format format --in-place --parallel --recursive Package.swift Sources Tests

clean: demo-stop ## remove everything that was built or made by the demo
	rm -rf .build .local
