# Godwit: `make run` and `make test` are the two commands; `make help` lists the rest.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/sh

CC ?= cc
ifeq ($(CC),cc)
CC := gcc
endif
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
VERSION := 0.1.0

# A variant is the same sources built another way, in a folder of its own: asan, tsan, fuzz.
VARIANT ?=
B := build$(if $(VARIANT),/$(VARIANT))

PKGS := openssl zlib libdeflate libisal jansson libxxhash
CLI_PKGS := libedit
WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wconversion -Wno-sign-conversion -Wvla -Wformat=2
HARDEN := -fstack-protector-strong -fPIC
ifeq ($(VARIANT),)
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
CFLAGS ?= -O2 -g
else ifeq ($(VARIANT),asan)
CFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else ifeq ($(VARIANT),tsan)
CFLAGS := -O1 -g -fsanitize=thread
else ifeq ($(VARIANT),fuzz)
CC := clang
CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif
STD := -std=c17 -D_GNU_SOURCE -DGODWIT_VERSION='"$(VERSION)"' -fvisibility=hidden -pthread
PKG_LIBS = $(shell pkg-config --libs $(PKGS))
CLI_LIBS = $(shell pkg-config --libs $(CLI_PKGS))
ALL_CFLAGS = $(STD) $(WARN) $(WERROR) $(HARDEN) $(CFLAGS) -Iinclude -Isrc -I$(B)/gen $(PKG_CFLAGS)
LDFLAGS += -Wl,-z,relro,-z,now -pthread
# pkg-config is asked once per make, not once per file
PKG_CFLAGS := $(shell command -v pkg-config >/dev/null && pkg-config --cflags $(PKGS) $(CLI_PKGS) 2>/dev/null)

# ---- sources: by wildcard; a file named for a processor is compiled on that processor only --------
MACHINE := $(shell $(CC) -dumpmachine | cut -d- -f1)
X86 := _sse.c _avx2.c _avx512.c
ARM := _neon.c
FOREIGN := $(if $(filter x86_64,$(MACHINE)),$(ARM),$(if $(filter aarch64,$(MACHINE)),$(X86),$(X86) $(ARM)))
sources = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
foreign = $(foreach s,$(FOREIGN),$(filter %$(s),$(1)))
LIB_ALL := $(call sources,src)
LIB_SRC := $(filter-out src/cli/% $(call foreign,$(LIB_ALL)),$(LIB_ALL))
CLI_SRC := $(call sources,src/cli)
LIB_OBJ := $(LIB_SRC:%.c=$(B)/obj/%.o) $(B)/obj/gen/web_assets.o
CLI_OBJ := $(CLI_SRC:%.c=$(B)/obj/%.o)
UNIT_SRC := $(call sources,tests/unit)
UNIT_SRC := $(filter-out tests/unit/support/%,$(UNIT_SRC))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/tests/unit/%)
UNIT_SUPPORT := $(patsubst %.c,$(B)/obj/%.o,$(call sources,tests/unit/support))
EXAMPLES := $(patsubst examples/%.c,$(B)/examples/%,$(wildcard examples/*.c))
# What pages are made of, not what that is made of.
WEB_FILES := $(sort $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/src/*' -not -name 'package*.json' -not -name '*.md' -not -name '*.d.ts' -not -name 'build.js' 2>/dev/null))

$(B)/obj/src/base/%_sse.o: ISA := -msse4.1 -mssse3
$(B)/obj/src/base/%_avx2.o: ISA := -mavx2
$(B)/obj/src/base/%_avx512.o: ISA := -mavx512f -mavx512bw -mavx512vl -mavx512vbmi -mavx2

all: $(B)/libgodwit.a $(B)/libgodwit.so $(if $(CLI_SRC),$(B)/godwit) $(EXAMPLES)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ISA) -MMD -MP -c $< -o $@

# The page is part of the program. A folder counts as changed when a file comes or goes in it.
$(B)/gen/web_assets.c: tools/embed $(WEB_FILES) $(shell find web -type d -not -path '*/node_modules*')
	@mkdir -p $(@D)
	@tools/embed $@ $(WEB_FILES)
$(B)/obj/gen/%.o: $(B)/gen/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/libgodwit.a: $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(B)/libgodwit.so: $(LIB_OBJ)
	@$(CC) -shared -Wl,-soname,libgodwit.so.0 $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(B)/godwit: $(CLI_OBJ) $(B)/libgodwit.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $^ $(PKG_LIBS) $(CLI_LIBS)

$(B)/examples/%: examples/%.c $(B)/libgodwit.a
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE $(WARN) $(WERROR) $(HARDEN) $(CFLAGS) -Iinclude $(LDFLAGS) -o $@ $< $(B)/libgodwit.a $(PKG_LIBS)

# An archive: a test that has a loop of its own must not get ours along with a helper that it does not use.
$(B)/unit-support.a: $(UNIT_SUPPORT)
	@rm -f $@
	@ar rcs $@ $^

$(B)/tests/unit/%: tests/unit/%.c $(B)/unit-support.a $(B)/libgodwit.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/unit -Wno-missing-prototypes -MMD -MP -o $@ $< \
	  -Wl,--start-group $(B)/unit-support.a $(B)/libgodwit.a -Wl,--end-group $(LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc $(PKG_LIBS) -lcmocka
$(B)/obj/tests/unit/support/%.o: tests/unit/support/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests/unit -Wno-missing-prototypes -MMD -MP -c $< -o $@

# What measures a part of the library without a server: one file, one program.
$(B)/bench/%: bench/%.c $(B)/libgodwit.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(B)/libgodwit.a $(LDFLAGS) $(PKG_LIBS)

# Fuzz targets exist in VARIANT=fuzz alone; tools/fuzz builds and runs them.
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(B)/%,$(wildcard tests/fuzz/*_fuzz.c))
$(B)/%_fuzz: tests/fuzz/%_fuzz.c $(B)/libgodwit.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -Itests/unit -Wno-missing-prototypes -MMD -MP -o $@ $< $(B)/libgodwit.a $(LDFLAGS) $(PKG_LIBS)
fuzz-targets: $(FUZZ_BIN)

# libwebsockets' echo server, a contender of `make bench` where it is installed
$(B)/bench/lws: bench/peers/lws.c
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE $(WARN) $(WERROR) $(CFLAGS) -o $@ $< $(shell pkg-config --cflags --libs libwebsockets)
BENCH_BIN = $(patsubst %,$(B)/bench/%,floor simd $(shell command -v pkg-config >/dev/null && pkg-config --exists libwebsockets && echo lws))

-include $(shell find $(B)/obj $(B)/tests -name '*.d' 2>/dev/null)

# ---- the commands --------------------------------------------------------------------------------
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

deps: ## install the missing Debian packages that building needs
	@tools/deps build

build: deps ## install what is missing, then build
	@[ -e $(B)/godwit ] || echo 'building: the first time it takes a minute or less'
	@$(MAKE) --no-print-directory -s -j$(JOBS) all

run: build ## build and serve the demo page on http://localhost:8000
	@exec build/godwit serve --listen localhost:8000

test: ## build and run every test
	@tools/deps build test
	@$(MAKE) --no-print-directory -s -j$(JOBS) all unit-tests
	@tests/run $(TESTS)

unit-tests: $(UNIT_BIN)

asan: ## the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory VARIANT=asan variant-test
tsan: ## the tests under ThreadSanitizer
	@$(MAKE) --no-print-directory VARIANT=tsan variant-test
variant-test:
	@tools/deps build test
	@$(MAKE) --no-print-directory -s -j$(JOBS) all unit-tests
	@GODWIT_BUILD=$(B) tests/run $(TESTS)

check: ## formatting, warnings of gcc and clang, layers, sizes
	@tools/deps build check
	@tools/check

format: ## rewrite the sources with clang-format
	@tools/deps check
	@git ls-files '*.c' '*.h' | xargs clang-format -i
layers: ## includes point down: checked against the table in docs/ARCHITECTURE.md
	@tools/layers
sizes: ## the longest functions and files
	@tools/sizes
fuzz: ## every fuzz target for FUZZ_SECONDS (60) each
	@tools/deps build fuzz
	@tools/fuzz
bench: ## measure against peers; table and plots in bench/results (BENCH="--quick --rows echo")
	@tools/deps build bench
	@$(MAKE) --no-print-directory -s -j$(JOBS) all bench-peers
	@bench/run $(BENCH)

bench-peers: $(BENCH_BIN) bench/node_modules/.package-lock.json
bench/node_modules/.package-lock.json: bench/package-lock.json
	@npm ci --prefix bench --ignore-scripts --silent --no-audit --no-fund && touch $@ || \
	  echo "npm's contenders could not be installed and are skipped" >&2

install: all ## into PREFIX (/usr/local), below DESTDIR
	@tools/install "$(DESTDIR)" "$(PREFIX)" "$(VERSION)" "$(B)" "$(PKGS)"

clean: ## remove build/
	@rm -rf build

.PHONY: all help deps build run test unit-tests asan tsan variant-test check format layers sizes fuzz fuzz-targets bench bench-peers install clean
