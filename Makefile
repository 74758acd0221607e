# make demo    builds and runs the example shop; nothing else has to be installed or started
# make test    installs what is missing, starts real servers, runs everything
# make bench   runs the benchmarks in release mode and writes docs/benchmarks.md
# make format  formats the sources

.PHONY: demo test bench format
.DEFAULT_GOAL := test

demo:
	@scripts/setup
	@scripts/demo

test:
	@scripts/setup
	@scripts/test

bench:
	@scripts/setup --peers
	@scripts/bench

format:
	@scripts/format
