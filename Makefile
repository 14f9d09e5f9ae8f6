# make              build/picket, build/libpicket.a, build/libpicket.so (release)
# make demo         installs what is missing, builds, runs the starter rules over the sample logs
# make test         installs what is missing, all tests: release, ASan+UBSan, fuzz targets (PICKET_FUZZ_SECONDS each, 3)
# make conformance  rules, logs and evidence of a corpora folder (PICKET_CORPORA, else ../shared/corpora), all of it
# make bench        speed, as ratios within one run; QUICK=1: a minute instead of ten (bench/README.md)
# make bench-check  instruction counts of a fixed workload against the recorded ones; UPDATE="reason" records them anew
# make fuzz         every fuzz target for SECONDS (600); ONLY=evtx: those whose name begins so
# make coverage     line coverage of src
# make install      DESTDIR= PREFIX=/usr/local
PREFIX ?= /usr/local
SECONDS ?= 600
ONLY ?=
JOBS := $(shell nproc)
RELEASE := scripts/build.sh release

.PHONY: all demo test conformance bench bench-check fuzz coverage install clean

all:
	@$(RELEASE) picket libpicket_static libpicket_shared
	@ln -sf release/picket release/libpicket.a release/libpicket.so release/libpicket.so.0 build/

demo:
	@scripts/packages.sh build
	@$(MAKE) --no-print-directory all
	@scripts/demo.sh

test:
	@scripts/packages.sh test
	@scripts/packages.sh browser || echo "picket: without a browser its tests are skipped" >&2
	@$(MAKE) --no-print-directory all
	@scripts/test.sh

conformance: all
	@$(RELEASE) -DPICKET_TESTS=ON conformance
	@scripts/conformance.sh

bench: all
	@$(RELEASE) -DPICKET_TESTS=ON bench
	@scripts/bench.sh

bench-check:
	@scripts/packages.sh test
	@mkdir -p build/logs
	@$(RELEASE) -DPICKET_TESTS=ON bench_check_programs >build/logs/bench-check-build.log 2>&1 || { tail -n 40 build/logs/bench-check-build.log; exit 1; }
	@scripts/bench-check.sh

fuzz:
	@scripts/packages.sh test
	@scripts/fuzz.sh $(SECONDS) $(ONLY)

coverage:
	@scripts/packages.sh test gcovr
	@scripts/coverage.sh

install:
	@$(RELEASE) -DCMAKE_INSTALL_PREFIX="$(PREFIX)" picket libpicket_static libpicket_shared
	@DESTDIR="$(DESTDIR)" cmake --install build/release

clean:
	rm -rf build
