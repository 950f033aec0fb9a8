# kra: one static program, one library without dependencies, nothing else to build. `make help` lists the targets.
VERSION = 0.1.0

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib/kra
LUADIR ?= $(PREFIX)/share/kra/lua
VARIANT ?= release
WERROR ?= -Werror
PKG_CONFIG ?= pkg-config
CXX ?= g++

# Without a -j of the caller's every processor is used.
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:

SYSTEM := $(shell uname -s)
COMMIT := $(shell git -C . rev-parse --short=12 HEAD 2>/dev/null)

# --- flags -----------------------------------------------------------------------------------------------------------
# Everything is position-independent, so that the program and the library share their objects.
STANDARD = -std=c++20 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -pthread
# A designated initialiser leaves the other members at their defaults on purpose.
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers
# What kra waits for is tmux and the disk, and -Og compiles in two thirds of the time of -Os. What computes (COMPUTES, below) gets -O2.
OPTIMISE_release = -Og -g0
FASTER_release = -O2
OPTIMISE_debug = -O0 -g
# -Og: g++ takes twice as long to instrument what -O1 has inlined. What checks each pointer takes another third; ASan tells of a null
# pointer anyhow, and the fuzz build has them all.
OPTIMISE_asan = -Og -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=null,alignment,object-size,vptr \
  -fno-sanitize-recover=undefined
OPTIMISE_tsan = -Og -g1 -fno-omit-frame-pointer -fsanitize=thread
# What tests say themselves, once for all variants: kra's own code is what a sanitizer looks at.
OPTIMISE_tests = -O0 -g1
OPTIMISE_fuzz = -O1 -g1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
OPTIMISE = $(OPTIMISE_$(VARIANT))
ifeq ($(OPTIMISE),)
$(error VARIANT is one of release, debug, asan, tsan, fuzz)
endif

# --- libraries -------------------------------------------------------------------------------------------------------
# msgpack-c changed its name between releases of Debian; libuv's archive did too.
MSGPACK := $(shell for name in msgpack-c msgpack; do $(PKG_CONFIG) --exists $$name 2>/dev/null && echo $$name && break; done)
LIBRARIES = libuv $(MSGPACK) yaml-cpp
CPPFLAGS_THIRD := $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) 2>/dev/null)
archive = $(firstword $(filter /%,$(foreach name,$(1),$(shell $(CXX) -print-file-name=$(name)))))
UV_A := $(call archive,libuv_a.a libuv.a)
MSGPACK_A := $(call archive,libmsgpackc.a libmsgpack-c.a)
YAML_A := $(call archive,libyaml-cpp.a)

# Static where every archive is there: a dynamic C++ program needs twice the time to start. Else what there is.
STATIC ?= $(if $(and $(filter Linux,$(SYSTEM)),$(UV_A),$(MSGPACK_A),$(YAML_A),$(call archive,libc.a)),1)
ifeq ($(VARIANT)$(STATIC),release1)
LINK = -static
endif
LIBS = $(or $(YAML_A),-lyaml-cpp) $(or $(MSGPACK_A),$(shell $(PKG_CONFIG) --libs $(MSGPACK) 2>/dev/null)) $(or $(UV_A),-luv) -lpthread -ldl
ifeq ($(SYSTEM),Linux)
LIBS += -lrt
GC = -Wl,--gc-sections
STRIP = $(if $(filter release,$(VARIANT)),-s)
endif

# --- sources ---------------------------------------------------------------------------------------------------------
LAYERS = base os wire model peers engine daemon cli ffi
OTHER_SYSTEM = $(if $(filter Linux,$(SYSTEM)),%_kqueue.cpp %_macos.cpp,%_linux.cpp)
SOURCES := $(filter-out $(OTHER_SYSTEM),$(sort $(wildcard $(LAYERS:%=native/%/*.cpp))))
TESTS := $(sort $(wildcard tests/native/*.cpp tests/native/*/*.cpp tests/native/*/*/*.cpp))
FUZZERS := $(sort $(wildcard tests/fuzz/*.cpp))

# Where time goes into bytes: text, numbers and lists by the thousand.
COMPUTES = native/base/checksum native/base/text native/wire/msgpack native/wire/scan native/engine/hunks% native/engine/lines \
  native/engine/merge3 native/engine/line_buffer native/engine/draft_frame native/engine/draft_net native/engine/draft_replay \
  native/engine/ignore% native/engine/texts native/engine/work_scan native/peers/git_index native/peers/git_objects

O = build/obj/$(VARIANT)$(if $(filter g++ c++,$(notdir $(CXX))),,-$(notdir $(CXX)))
objects = $(1:%.cpp=$(O)/%.o)
KRA_OBJECTS = $(call objects,$(filter-out native/ffi/%,$(SOURCES)))
FFI_OBJECTS = $(call objects,$(filter native/ffi/%,$(SOURCES)))
# What the library may take from: the layers without a third-party header.
ENGINE_OBJECTS = $(call objects,$(filter-out native/daemon/% native/cli/% native/ffi/% native/wire/msgpack.cpp native/model/config_yaml.cpp,$(SOURCES)))
# TSan has nothing to say where there is one thread: its build has the tests of what starts some, and of the daemon. (The engine is checked
# there too: it is what the daemon's threads run.)
THREADED = $(shell grep -lE 'std::j?thread' $(TESTS)) tests/native/daemon/% tests/native/engine/restore%
THREADLESS = $(if $(filter tsan,$(VARIANT)),native/cli/% native/ffi/% $(filter-out $(THREADED) tests/native/os/fake_disk.cpp,$(TESTS)))
TESTED_OBJECTS = $(call objects,$(filter-out native/cli/main.cpp $(THREADLESS),$(SOURCES)))
T = build/obj/tests$(if $(filter g++ c++,$(notdir $(CXX))),,-$(notdir $(CXX)))
TEST_OBJECTS = $(patsubst %.cpp,$(T)/%.o,$(filter-out tests/native/main.cpp $(THREADLESS),$(TESTS)))
TEST_MAIN = build/obj/test-main/main.o

PROGRAM = build/kra$(if $(filter release,$(VARIANT)),,-$(VARIANT))
LIBRARY = build/libkra.so
# For a Neovim without LuaJIT, where Lua's headers are.
LUA51 := $(shell $(PKG_CONFIG) --cflags lua5.1 2>/dev/null || $(PKG_CONFIG) --cflags lua-5.1 2>/dev/null)
MODULE = $(if $(LUA51),build/kra_native.so)

.PHONY: help build tests benches faults demo test test-long bench fuzz fuzzers lint format docs-check install uninstall clean nvim FORCE
.DEFAULT_GOAL := build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14
	@echo
	@echo 'VARIANT=release|debug|asan|tsan  CXX=clang++  WERROR= (a warning is no error)  STATIC= (dynamic)  PREFIX= DESTDIR='

build: $(if $(filter %cli/main.cpp,$(SOURCES)),$(PROGRAM)) $(if $(FFI_OBJECTS),$(if $(filter release,$(VARIANT)),$(LIBRARY) $(MODULE))) ## build/kra and build/libkra.so (the default)

# libuv can look up users and hosts, which a static program cannot without glibc's modules: kra asks for neither, so the
# linker's word about libuv is left out (not one about ours).
LIBUV_WORDS = /libuv[^ ]*\.a\(.*in function/ { getline said; if (said !~ /statically linked/) print $$0 "\n" said; next } 1
$(PROGRAM): $(KRA_OBJECTS)
	@echo "  link $@"
	@$(CXX) $(OPTIMISE) $(LINK) $(GC) $(STRIP) $(LDFLAGS) -pthread -o $@.tmp $^ $(LIBS) 2>$@.said; \
	  status=$$?; awk '$(LIBUV_WORDS)' $@.said >&2; rm -f $@.said; exit $$status
	@mv -f $@.tmp $@

# Replaced by rename: an editor that has the old one loaded keeps it.
$(LIBRARY): $(FFI_OBJECTS) $(O)/engine.a native/ffi/kra.map
	@echo "  link $@"
	@$(CXX) -shared $(OPTIMISE) -static-libstdc++ -static-libgcc $(GC) $(STRIP) $(LDFLAGS) -Wl,-z,defs \
	  -Wl,--version-script=native/ffi/kra.map -Wl,-soname,libkra.so -pthread -o $@.tmp $(FFI_OBJECTS) $(O)/engine.a
	@mv -f $@.tmp $@

build/kra_native.so: $(O)/native/ffi/lua51/kra_native.o $(FFI_OBJECTS) $(O)/engine.a
	@echo "  link $@"
	@$(CXX) -shared $(OPTIMISE) -static-libstdc++ -static-libgcc $(GC) $(STRIP) $(LDFLAGS) -pthread -o $@.tmp \
	  $(O)/native/ffi/lua51/kra_native.o $(FFI_OBJECTS) $(O)/engine.a
	@mv -f $@.tmp $@
$(O)/native/ffi/lua51/kra_native.o: CPPFLAGS += $(LUA51)

$(O)/engine.a: $(ENGINE_OBJECTS)
	@rm -f $@
	@$(AR) rcs $@ $^

# g++ only: see the header. A precompiled system header is none to g++ 12 any more, so that its well-known wrong guesses about
# std::string would be heard; the build for the fuzz targets keeps these warnings on.
PRECOMPILES := $(filter g++ c++,$(notdir $(CXX)))
PRECOMPILED_FLAGS = $(if $(PRECOMPILES),$(if $(FASTER),,-include $(1)/precompiled.hpp) -Wno-stringop-overread -Wno-stringop-overflow -Wno-array-bounds \
  -Wno-restrict -Wno-maybe-uninitialized)
$(O)/%.o: %.cpp $(O)/flags $(if $(PRECOMPILES),$(O)/precompiled.hpp.gch)
	@echo "  $(VARIANT) $<"
	@mkdir -p $(@D)
	@$(CXX) $(call compile,$(OPTIMISE) $(FASTER)) $(WERROR) $(call PRECOMPILED_FLAGS,$(O)) -MMD -MP -c -o $@ $<
# A precompiled header serves one level of optimisation only: these take the plain one.
$(call objects,$(filter $(COMPUTES:%=%.cpp),$(SOURCES))): private FASTER = $(FASTER_$(VARIANT))

$(O)/precompiled.hpp.gch: native/precompiled.hpp $(O)/flags
	@echo "  $(VARIANT) $<"
	@cp $< $(@:.gch=)
	@$(CXX) $(call compile,$(OPTIMISE)) $(WERROR) -MMD -MP -x c++-header -c -o $@ $<

$(T)/%.o: %.cpp $(T)/flags $(if $(PRECOMPILES),$(T)/precompiled.hpp.gch)
	@echo "  tests $<"
	@mkdir -p $(@D)
	@$(CXX) $(call compile,$(OPTIMISE_tests)) $(WERROR) $(call PRECOMPILED_FLAGS,$(T)) -MMD -MP -c -o $@ $<

$(T)/precompiled.hpp.gch: native/precompiled.hpp tests/native/catch.hpp $(T)/flags
	@echo "  tests native/precompiled.hpp"
	@cat native/precompiled.hpp tests/native/catch.hpp >$(@:.gch=)
	@$(CXX) $(call compile,$(OPTIMISE_tests)) -w -MMD -MP -x c++-header -c -o $@ $(@:.gch=)

compile = $(STANDARD) $(1) $(WARNINGS) -Inative -I. $(CPPFLAGS_THIRD) $(CPPFLAGS) $(CXXFLAGS)

# These are rewritten only when what they say changed, so that objects follow a change of flags or of the commit.
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CXX) $(call compile,$(OPTIMISE)) $(COMPUTES)' | cmp -s - $@ || echo '$(CXX) $(call compile,$(OPTIMISE)) $(COMPUTES)' >$@
$(T)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CXX) $(call compile,$(OPTIMISE_tests))' | cmp -s - $@ || echo '$(CXX) $(call compile,$(OPTIMISE_tests))' >$@
$(O)/commit: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION) $(COMMIT)' | cmp -s - $@ || echo '$(VERSION) $(COMMIT)' >$@

$(O)/native/base/version.o: CPPFLAGS += -DKRA_VERSION='"$(VERSION)"' -DKRA_COMMIT='"$(COMMIT)"'
$(O)/native/base/version.o: $(O)/commit
# `kra init` holds the shell files.
$(O)/native/cli/init.o: shell/kra.zsh shell/kra.bash shell/kra.fish

# --- tests -----------------------------------------------------------------------------------------------------------
tests: build/tests-$(notdir $(O)) ## the unit tests of one VARIANT, as build/tests-VARIANT

CATCH_LIBS = $(shell $(PKG_CONFIG) --exists catch2-with-main 2>/dev/null && $(PKG_CONFIG) --libs catch2-with-main)
build/tests-$(notdir $(O)): $(TESTED_OBJECTS) $(TEST_OBJECTS) $(TEST_MAIN)
	@echo "  link $@"
	@$(CXX) $(OPTIMISE) $(GC) $(LDFLAGS) -pthread -o $@.tmp $^ $(CATCH_LIBS) $(LIBS)
	@mv -f $@.tmp $@

# Catch2 2 takes half a minute for its main: once, unoptimised, for all variants.
$(TEST_MAIN): tests/native/main.cpp
	@echo "  catch main"
	@mkdir -p $(@D)
	@$(CXX) -std=c++20 -O0 -fPIC -pthread -I. -c -o $@ $<

# --- bench -----------------------------------------------------------------------------------------------------------
BENCHES := $(filter-out tests/bench/empty.cpp,$(sort $(wildcard tests/bench/*.cpp)))
BENCH_OBJECTS = $(call objects,$(sort $(wildcard tests/bench/support/*.cpp)))
benches: build/bench/empty $(BENCHES:tests/bench/%.cpp=build/bench/%)
build/bench/empty: $(O)/tests/bench/empty.o
	@mkdir -p $(@D)
	@$(CXX) $(OPTIMISE) $(LINK) $(STRIP) -o $@ $^
build/bench/%: $(O)/tests/bench/%.o $(BENCH_OBJECTS) $(TESTED_OBJECTS)
	@echo "  link $@"
	@mkdir -p $(@D)
	@$(CXX) $(OPTIMISE) $(GC) $(LDFLAGS) -pthread -o $@ $^ $(LIBS)

# The engine with every call that reaches the world in the hands of a scheduler.
SIMULATION_OBJECTS = $(call objects,$(sort $(wildcard tests/bench/simulation/*.cpp)))
SEAMS = open openat renameat2 renameat rename link linkat unlink unlinkat mkdir mkdirat symlinkat fchmod fsync fdatasync fstatat fstat nanosleep getrandom \
  posix_spawnp _ZNSt6chrono3_V212steady_clock3nowEv _ZNSt6chrono3_V212system_clock3nowEv
build/bench/sync_simulation: $(SIMULATION_OBJECTS)
build/bench/sync_simulation: LDFLAGS += $(SEAMS:%=-Wl,--wrap=%)
# The calls that make and end a lock, to be timed.
build/bench/sync_user_git: LDFLAGS += -Wl,--wrap=link,--wrap=rename,--wrap=unlink

# --- fuzz ------------------------------------------------------------------------------------------------------------
FAULTS := $(sort $(wildcard tests/faults/*.cpp))
FAULT_OBJECTS = $(call objects,$(sort $(wildcard tests/faults/support/*.cpp)) $(filter native/base/% native/os/% native/wire/% \
  native/model/stored.cpp native/model/workspace.cpp native/engine/history% native/engine/retention.cpp \
  native/engine/draft% native/engine/line_buffer.cpp native/engine/log_record.cpp,$(SOURCES)))
faults: $(FAULTS:tests/faults/%.cpp=build/faults/%)
build/faults/daemon_memory: $(call objects,$(filter-out native/cli/% native/ffi/%,$(SOURCES)))
build/faults/%: $(O)/tests/faults/%.o $(FAULT_OBJECTS)
	@echo "  link $@"
	@mkdir -p $(@D)
	@$(CXX) $(OPTIMISE) $(LINK) $(GC) $(STRIP) $(LDFLAGS) -pthread -o $@ $^ $(LIBS)


# What reads bytes of others, and what that needs.
FUZZED_OBJECTS = $(call objects,$(filter native/base/% native/wire/% native/model/% native/engine/hunks% native/engine/lines% \
  native/engine/merge3% native/engine/history_form% native/engine/draft_frame.cpp native/engine/draft_replay.cpp \
  native/engine/line_buffer.cpp native/engine/log_record.cpp,$(SOURCES)))
fuzzers:
	@$(MAKE) VARIANT=fuzz CXX=clang++ fuzz-targets
.PHONY: fuzz-targets
fuzz-targets: $(FUZZERS:tests/fuzz/%.cpp=build/fuzz/%)
build/fuzz/%: $(O)/tests/fuzz/%.o $(FUZZED_OBJECTS)
	@echo "  link $@"
	@mkdir -p build/fuzz
	@$(CXX) $(OPTIMISE) -fsanitize=fuzzer $(GC) -pthread -o $@ $^ $(LIBS)

# Without the flags of this make: what a script builds gets all processors, and what it starts none of our pipes.
ALONE = env -u MAKEFLAGS -u MFLAGS
test: ## everything that can be tested; installs what the tests need
	@$(ALONE) scripts/test
test-long: build ## every bar in full, into build/bars.json
	@$(ALONE) scripts/bars --long
bench: build ## figures side by side with their floors
	@$(ALONE) scripts/bars
fuzz: fuzzers ## the fuzz targets, FUZZ_SECONDS (600) each
	@tests/fuzz/run $(or $(FUZZ_SECONDS),600)
demo: build ## the main job on real parts, in a throw-away HOME
	@$(ALONE) scripts/demo
lint: ## layers, shell, Lua, documents
	@scripts/lint
docs-check: ## the documents against the tables in the code
	@scripts/docs-check
format: ## clang-format, and stylua where it is there
	@clang-format -i $$(git ls-files '*.cpp' '*.hpp' '*.h')
	@! command -v stylua >/dev/null || stylua $$(git ls-files '*.lua')
nvim: ## a Neovim 0.10 or newer in .deps/ where the system's is too old
	@scripts/find-nvim || scripts/get-nvim trixie .deps/nvim-0.10
install: build ## to DESTDIR and PREFIX (/usr/local), by rename
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' BINDIR='$(BINDIR)' LIBDIR='$(LIBDIR)' LUADIR='$(LUADIR)' scripts/install
uninstall: ## takes away all that install brought
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install --remove
clean: ## build/ (not .deps/)
	rm -rf build
FORCE:

-include $(patsubst %.o,%.d,$(TEST_OBJECTS) $(call objects,$(SOURCES) $(BENCHES) $(wildcard tests/bench/support/*.cpp tests/bench/simulation/*.cpp) $(FAULTS) \
  $(wildcard tests/faults/support/*.cpp) $(FUZZERS))) $(O)/precompiled.hpp.d $(T)/precompiled.hpp.d
