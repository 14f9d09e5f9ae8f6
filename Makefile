# make            build/picket, build/libpicket.a, build/libpicket.so (release)
# make demo       installs what is missing, builds, runs the starter rules over the sample logs
# make test       installs what is missing, all tests (release, ASan+UBSan, fuzz targets)
# make conformance  rules, logs and evidence of a corpora folder (PICKET_CORPORA, else ../shared/corpora), all of it
# make bench      speed, as ratios
# make fuzz       every fuzz target for SECONDS (600)
# make coverage   line coverage of src
# make install    DESTDIR= PREFIX=/usr/local
PREFIX ?= /usr/local
SECONDS ?= 600
JOBS := $(shell nproc)

.PHONY: all demo test conformance bench fuzz coverage install clean packages

all:
	@cmake --preset release $(CMAKE_ARGS) > build-configure.log 2>&1 || { cat build-configure.log; exit 1; }
	@rm -f build-configure.log
	@cmake --build --preset release -j $(JOBS)
	@ln -sf release/picket release/libpicket.a release/libpicket.so build/

packages:
	@scripts/packages.sh build

demo: packages
	@$(MAKE) --no-print-directory all
	@scripts/demo.sh

test:
	@scripts/packages.sh test
	@$(MAKE) --no-print-directory all
	@scripts/test.sh

conformance: all
	@scripts/conformance.sh

bench: all
	@scripts/bench.sh

fuzz:
	@scripts/packages.sh test
	@scripts/fuzz.sh $(SECONDS)

coverage:
	@scripts/packages.sh test && scripts/packages.sh gcovr
	@scripts/coverage.sh

install: all
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"

clean:
	rm -rf build
