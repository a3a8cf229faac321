#pragma once
// Reads named fields that come from JavaScript: each by its name, its kind and its length. A field that is missing, has
// another kind or that nobody asked for is an error whose message names it.
#include <node_api.h>

#include <bitset>
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

/**
 * The names of some fields, in the order in which their values come; after the name of an object within, its own names
 * between "{" and "}". JavaScript sends it once (src/core/engines/native/fields.ts), since to read names takes longer than to
 * read values.
 */
class Shape {
  friend class Fields;
  static constexpr size_t kMostEntries = 128;

  struct Entry {
    std::string name;
    /** The value's place; or, for an object, where its fields end, as these are the next entries. */
    int value, end;
  };
  std::vector<Entry> entries;
  int values = 0;

 public:
  explicit Shape(const std::vector<std::string>& names);
};

/** Fields by their names. */
class Fields {
 public:
  /**
   * @param values those of the shape, which must outlive it, as the shape must
   * @param what the fields, for messages
   */
  Fields(napi_env env, const Shape& shape, const napi_value* values, size_t count, const char* what);
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
  Fields(const Fields& outer, int first, int end, const char* what);

  napi_env env;
  const Shape& shape;
  const napi_value* values;
  const char* what;
  /** Its entries, and where the last one found is: most are asked for in their order. */
  int first, end, at;
  /** Which entries were asked for. */
  std::bitset<Shape::kMostEntries> asked;
  std::vector<napi_value> own;
  std::vector<napi_value>* kept;

  int after(int entry) const;
  /** Goes to a field. @returns whether it is there */
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
