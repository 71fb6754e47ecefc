#include "answers.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace scripted {

using simulator::Lock;

void Answers::Push(Answer answer) {
  const Lock lock(mutex_);
  released = false;
  queue_.push_back(std::move(answer));
}

Answer Answers::Take(const wchar_t* callback) {
  Lock lock(mutex_);
  for (auto each = queue_.begin(); each != queue_.end(); ++each) {
    if (each->callback != callback) continue;
    Answer answer = std::move(*each);
    queue_.erase(each);
    while (answer.held && !released) released_.Wait(lock);
    return answer;
  }
  return {};
}

void Answers::Release() {
  const Lock lock(mutex_);
  released = true;
  released_.WakeAll();
}

void Answers::Clear() {
  const Lock lock(mutex_);
  queue_.clear();
}

std::vector<NamedItem> ParseItems(const std::string& text) {
  std::vector<NamedItem> items;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    const std::size_t tab = line.find('\t');
    NamedItem item;
    if (tab > 0) item.number = std::strtoull(line.c_str(), nullptr, 10);
    for (const char c : line.substr(tab + 1)) item.name.push_back(static_cast<wchar_t>(c));
    items.push_back(std::move(item));
    begin = end + 1;
  }
  return items;
}

}  // namespace scripted
