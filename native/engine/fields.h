#pragma once
// Reads JavaScript objects field by field: each by its name, its kind and its length. A field that is missing, has another
// kind or that nobody asked for is an error whose message names it.
#include <node_api.h>

#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace metadescent {

/** A call of Node-API failed; an exception may be pending. */
struct Failed {};

inline void must(napi_status status) {
  if (status != napi_ok) throw Failed{};
}

template <class T>
struct Array {
  T* data = nullptr;
  size_t length = 0;
};

/** An object's fields. Absent, undefined and null are the same. Names must outlive it: string literals. */
class Fields {
 public:
  /** @param what the object, for messages */
  Fields(napi_env env, napi_value object, const char* what);
  Fields(const Fields&) = delete;

  bool has(const char* name);
  double number(const char* name);
  /** A whole number from `least` to 2^53. */
  long integer(const char* name, long least = 0);
  bool flag(const char* name);
  std::string text(const char* name);
  /** An object within this one. */
  Fields object(const char* name);
  /** A list of whole numbers of at least 1. */
  std::vector<int> integers(const char* name, size_t fewest, size_t most);

  /** A name of a list, as its place there. */
  template <size_t N>
  int choice(const char* name, const char* const (&names)[N]) {
    return choose(name, names, N);
  }

  /** A typed array. Its memory must be kept alive by keeping {@link arrays}. */
  template <class T>
  Array<T> array(const char* name) {
    Array<T> array;
    array.data = static_cast<T*>(typed(name, kind_of<T>(), array.length));
    return array;
  }

  /** The same, of a given length. */
  template <class T>
  T* array(const char* name, size_t length) {
    const Array<T> found = array<T>(name);
    expect(name, found.length, length);
    return found.data;
  }

  /** The same, or null if there is none. */
  template <class T>
  T* optional(const char* name, size_t length) {
    if (!has(name)) return nullptr;
    return array<T>(name, length);
  }

  /** @throws if there is a field that was not asked for */
  void done();

  /** The typed arrays read so far, within objects too, as one value to keep alive. */
  napi_value arrays() const;

 private:
  Fields(napi_env env, napi_value object, const char* what, std::vector<napi_value>* kept);

  napi_env env;
  napi_value fields;
  const char* what;
  /** Names asked for, and how many of them there are. */
  std::vector<const char*> asked;
  size_t found = 0;
  /** The last field, since optional ones are asked for twice. */
  const char* last = nullptr;
  napi_value value = nullptr;
  std::vector<napi_value> own;
  std::vector<napi_value>* kept;

  /** Finds a field. @returns whether it is there */
  bool find(const char* name);
  napi_value get(const char* name);
  int choose(const char* name, const char* const* names, size_t count);
  [[noreturn]] void missing(const char* name) const;
  [[noreturn]] void wrong(const char* name, const std::string& expected) const;
  void expect(const char* name, size_t length, size_t expected) const;
  void* typed(const char* name, napi_typedarray_type kind, size_t& length);

  template <class T>
  static constexpr napi_typedarray_type kind_of() {
    if constexpr (std::is_same_v<T, float>) return napi_float32_array;
    else if constexpr (std::is_same_v<T, double>) return napi_float64_array;
    else if constexpr (std::is_same_v<T, int>) return napi_int32_array;
    else return napi_uint8_array;
  }
};

}  // namespace metadescent
