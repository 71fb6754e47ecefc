#include "faults.h"

#include <atomic>
#include <cstdlib>
#include <utility>
#include <vector>

#include "dokan_abi.h"
#include "environment.h"
#include "sync.h"

namespace simulator {
namespace {

struct Fault {
  std::string call;
  std::int64_t result;
  bool always;
  std::uint32_t last_error;
};

struct Faults {
  Mutex mutex;
  std::vector<Fault> list;
  std::atomic<std::size_t> count = 0;
};

Faults& TheFaults() {
  static Faults& faults = *new Faults;
  return faults;
}

}  // namespace

void AddFault(std::string call, std::int64_t result, bool always, std::uint32_t last_error) {
  Faults& faults = TheFaults();
  const Lock lock(faults.mutex);
  faults.list.push_back({std::move(call), result, always, last_error});
  faults.count = faults.list.size();
}

void AddFaultsOfEnvironment() {
  const std::string all = Environment("DOKAN_SIMULATOR_FAIL");
  std::size_t begin = 0;
  while (begin < all.size()) {
    std::size_t end = all.find(',', begin);
    if (end == std::string::npos) end = all.size();
    const std::string one = all.substr(begin, end - begin);
    const std::size_t equals = one.find('=');
    if (equals != std::string::npos) {
      AddFault(one.substr(0, equals), std::strtoll(one.c_str() + equals + 1, nullptr, 10),
               one.back() == '*', 0);
    }
    begin = end + 1;
  }
}

std::optional<std::int64_t> TakeFault(std::string_view call) {
  Faults& faults = TheFaults();
  if (faults.count == 0) return std::nullopt;
  const Lock lock(faults.mutex);
  for (auto fault = faults.list.begin(); fault != faults.list.end(); ++fault) {
    if (fault->call != call) continue;
    const std::int64_t result = fault->result;
    if (fault->last_error != 0) SetLastError(fault->last_error);
    if (!fault->always) {
      faults.list.erase(fault);
      faults.count = faults.list.size();
    }
    return result;
  }
  return std::nullopt;
}

}  // namespace simulator
