// SPDX-License-Identifier: Apache-2.0
// What most sources include and what takes long to parse: compiled once for each build. Each source
// includes what it uses all the same. CLI11 and nlohmann/json are left out: GCC looks at every
// inline function of a precompiled header in every source, which costs more than it saves.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>
