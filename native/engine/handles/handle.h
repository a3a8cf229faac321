#pragma once
// What addon.open() opens: something that keeps its state, in memory of its own, between calls.
//
// To add a kind, write one file, handles/NAME.cc:
//
//     class Name : public Handle {
//      public:
//       explicit Name(Fields& f) { … }                      // reads the descriptor; arrays that it points to stay alive
//       Work prepare(const std::string& operation, Fields& f) override {
//         if (operation == "advance") { … return [=, this](Engine& engine) { … }; }
//         throw unknown(operation);
//       }
//     };
//     std::unique_ptr<Handle> open_name(Fields& f) { return std::make_unique<Name>(f); }
//
// then declare open_name() and give it a line in the table of handles/kinds.cc. In TypeScript,
//
//     const handle = new NativeHandle(native, { kind: 'name', … });       // src/core/engines/native/handle.ts
//     await handle.call('advance', operations, { … });
//     handle.close();
//
// `prepare` runs on JavaScript's thread: it reads and checks the call's fields (fields.h), and throws where they are wrong.
// The work that it returns runs there too, or on another thread, and may use the engine's kernels and threads; until it has
// ended, the handle takes no other call, and the call's arrays and the handle stay alive, even if it is closed. Both may
// throw std::exception, whose message the caller gets, as a RangeError for std::out_of_range. Fields that no kind reads are
// errors.
#include <functional>
#include <memory>
#include <string>

#include "../engine.h"
#include "../fields.h"

namespace metadescent {

using Work = std::function<void(Engine&)>;

class Handle {
 public:
  virtual ~Handle() = default;
  virtual Work prepare(const std::string& operation, Fields& fields) = 0;

 protected:
  static std::invalid_argument unknown(const std::string& operation) {
    return std::invalid_argument("unknown operation " + operation);
  }
};

/** Opens a handle of the kind that the descriptor names. */
std::unique_ptr<Handle> open_handle(Fields& descriptor);

std::unique_ptr<Handle> open_functions(Fields& descriptor);
std::unique_ptr<Handle> open_lstm_episode(Fields& descriptor);
std::unique_ptr<Handle> open_lstm_steps(Fields& descriptor);
std::unique_ptr<Handle> open_mlp_population(Fields& descriptor);
std::unique_ptr<Handle> open_mlp_steps(Fields& descriptor);

}  // namespace metadescent
