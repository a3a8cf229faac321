// The kinds of handles by their names.
#include <cstring>

#include "handle.h"

namespace metadescent {
namespace {

struct Kind {
  const char* name;
  std::unique_ptr<Handle> (*open)(Fields& descriptor);
};

constexpr Kind kKinds[] = {
    {"functions", open_functions},
    {"lstm-episode", open_lstm_episode},
    {"lstm-steps", open_lstm_steps},
    {"mlp-population", open_mlp_population},
    {"mlp-steps", open_mlp_steps},
};

}  // namespace

std::unique_ptr<Handle> open_handle(Fields& descriptor) {
  const std::string name = descriptor.text("kind");
  for (const Kind& kind : kKinds)
    if (name == kind.name) return kind.open(descriptor);
  throw std::invalid_argument("kind: there is no " + name);
}

}  // namespace metadescent
