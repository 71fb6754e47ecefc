// The file system of the transcripts: logs every callback and answers as it was told.

#ifndef NODE_DOKAN_TEST_SIMULATOR_SCRIPT_SCRIPTED_CALLBACKS_H_
#define NODE_DOKAN_TEST_SIMULATOR_SCRIPT_SCRIPTED_CALLBACKS_H_

#include <string>

#include "../dll/dokan_abi.h"
#include "answers.h"
#include "callback_log.h"

namespace scripted {

Answers& TheAnswers();
CallbackLog& TheLog();

// All callbacks but the one named, if any.
simulator::Operations ScriptedOperations(const std::wstring& absent);

}  // namespace scripted

#endif  // NODE_DOKAN_TEST_SIMULATOR_SCRIPT_SCRIPTED_CALLBACKS_H_
