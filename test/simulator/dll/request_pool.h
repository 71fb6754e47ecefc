// Requests are handed back here, with the memory they have grown.

#ifndef NODE_DOKAN_TEST_SIMULATOR_DLL_REQUEST_POOL_H_
#define NODE_DOKAN_TEST_SIMULATOR_DLL_REQUEST_POOL_H_

#include <memory>

namespace simulator {

struct Request;

struct ReturnRequest {
  void operator()(Request* request) const;
};

using RequestPtr = std::unique_ptr<Request, ReturnRequest>;

RequestPtr TakeRequest();

}  // namespace simulator

#endif  // NODE_DOKAN_TEST_SIMULATOR_DLL_REQUEST_POOL_H_
