// Catch2 2 brings its main by this macro, which takes it half a minute to compile: hence alone. Version 3 links it.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
