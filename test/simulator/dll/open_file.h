// What the library remembers of one open between its requests.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_OPEN_FILE_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_OPEN_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "dokan_abi.h"
#include "request_pool.h"
#include "sync.h"

namespace simulator {

using Listing = std::vector<WIN32_FIND_DATAW>;

struct OpenFile {
  explicit OpenFile(std::uint64_t number) : id(number) {}

  // What the driver calls the open by.
  const std::uint64_t id;
  bool is_directory = false;

  Mutex mutex;
  // The file system's own value. Requests of one open run in parallel and each stores back what it
  // found or changed: the last one to end wins.
  ULONG64 user_context = 0;
  // One for the open itself, one for each request that runs.
  int references = 1;

  // Set by the close, which waits for the last running request.
  RequestPtr pending_close;
  std::wstring close_name;
  ULONG64 close_context = 0;

  // The listing taken last, and for which pattern; absent until the first query.
  std::shared_ptr<const Listing> listing;
  std::unique_ptr<std::wstring> listing_pattern;
  // FindFilesWithPattern said it was not implemented: from then on the library filters.
  bool pattern_unimplemented = false;
};

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_OPEN_FILE_H_
