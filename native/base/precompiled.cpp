// The instances of the standard library that precompiled.hpp declares: here once, so that no other file compiles them.
#include <string>
#include <string_view>
#include <vector>

template class std::basic_string<char>;
template class std::vector<std::string>;
template class std::vector<std::string_view>;
