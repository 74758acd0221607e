# make demo    builds and runs the example shop; nothing else has to be installed or started
# make proxy   builds and runs the example caching proxy in front of ORIGIN=http://..., on PORT and HOST
# make test    installs what is missing, starts real servers, runs everything
# make soak    runs long random histories, and the memory cache's threads under ThreadSanitizer
# make bench   runs the benchmarks in release mode and writes docs/benchmarks.md
# make format  formats the sources

.PHONY: demo proxy test soak bench format
.DEFAULT_GOAL := test

demo:
	@scripts/setup
	@scripts/demo

proxy:
	@scripts/setup
	@scripts/proxy

test:
	@scripts/setup --tests
	@scripts/test

soak:
	@scripts/setup
	@scripts/soak

bench:
	@scripts/setup --peers
	@scripts/bench

format:
	@scripts/format
