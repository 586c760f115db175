# Every target sets up what it needs by itself; see scripts/setup.

.DEFAULT_GOAL := help
.PHONY: help setup build release demo test soak bench bench-cache bench-embedding bench-peers check fuzz clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*\#\# \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-11s %s\n' "$$name" "$$text"; done

setup: ## Install what is missing: Debian packages, .venv with TensorFlow, the models
	@scripts/setup

build: ## Build for debugging, tests included
	@scripts/setup packages
	swift build --build-tests

release: ## Build .build/release/apus and .build/release/tensorflow_model_server
	@scripts/setup packages
	swift build -c release --static-swift-stdlib

demo: release ## Build, serve the demo models, ask them through gRPC and REST, keep serving
	@scripts/setup
	@.venv/bin/python scripts/demo

test: ## Run every test: units, and real clients against the real server
	@scripts/test

soak: release ## Half an hour of everything at once: no answer is lost, nothing grows
	@scripts/setup
	@.venv/bin/python scripts/soak

bench: release ## Measure the server, print the table and write it to Benchmarks/results
	@scripts/setup
	@.venv/bin/python Benchmarks/run
	@.venv/bin/python Benchmarks/scheduling
	@.venv/bin/python Benchmarks/telemetry
	@.venv/bin/python Benchmarks/public_threads --results Benchmarks/results/public-threads.md

bench-cache: release ## Measure the model cache: hits, misses, memory, swaps, policies
	@scripts/setup
	@.venv/bin/python Benchmarks/cache --results Benchmarks/results/cache.md

bench-embedding: release ## Measure embeddings: tables, TensorFlow's beside them, and entries with shards elsewhere
	@scripts/setup
	@.venv/bin/python Benchmarks/embedding_table --results Benchmarks/results/embedding.md
	@.venv/bin/python Benchmarks/embedding_entry --results Benchmarks/results/embedding-entry.md

bench-peers: release ## Compare with Triton, Mosec, MLServer, FastAPI and LitServe; the table goes to docs/performance.md
	@scripts/setup
	@scripts/setup peers
	@.venv/bin/python Benchmarks/peers/run

check: ## Check imports, format, generated code and warnings
	@scripts/check

fuzz: ## Run the fuzz targets for a while
	@scripts/setup packages
	@FuzzTesting/run

clean: ## Remove everything that was built or set up
	rm -rf .build .build-* .venv .deps .models .recommender
