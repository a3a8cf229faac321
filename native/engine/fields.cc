#include "fields.h"

#include <cmath>
#include <cstring>

namespace metadescent {
namespace {

const char* title_of(napi_typedarray_type kind) {
  switch (kind) {
    case napi_float32_array: return "a Float32Array";
    case napi_float64_array: return "a Float64Array";
    case napi_int32_array: return "an Int32Array";
    default: return "a Uint8Array";
  }
}

}  // namespace

Fields::Fields(napi_env environment, napi_value object, const char* name) : Fields(environment, object, name, nullptr) {}

Fields::Fields(napi_env environment, napi_value object, const char* name, std::vector<napi_value>* shared)
    : env(environment), fields(object), what(name), kept(shared == nullptr ? &own : shared) {
  napi_valuetype type;
  must(napi_typeof(env, object, &type));
  if (type != napi_object) throw std::invalid_argument(std::string(what) + ": expected an object");
  asked.reserve(16);
}

bool Fields::find(const char* name) {
  if (name == last) return value != nullptr;
  napi_valuetype type;
  last = name;
  must(napi_get_named_property(env, fields, name, &value));
  must(napi_typeof(env, value, &type));
  const bool there = type != napi_undefined && type != napi_null;
  if (!there) value = nullptr;
  for (const char* each : asked)
    if (std::strcmp(each, name) == 0) return there;
  asked.push_back(name);
  found += there;
  return there;
}

bool Fields::has(const char* name) { return find(name); }

napi_value Fields::get(const char* name) {
  if (!find(name)) missing(name);
  return value;
}

double Fields::number(const char* name) {
  double number = 0;
  if (napi_get_value_double(env, get(name), &number) != napi_ok) wrong(name, "a number");
  return number;
}

long Fields::integer(const char* name, long least) {
  const double given = number(name);
  if (!(given >= static_cast<double>(least) && given <= 0x1p53 && given == std::floor(given)))
    wrong(name, "a whole number of at least " + std::to_string(least));
  return static_cast<long>(given);
}

bool Fields::flag(const char* name) {
  bool flag = false;
  if (napi_get_value_bool(env, get(name), &flag) != napi_ok) wrong(name, "true or false");
  return flag;
}

std::string Fields::text(const char* name) {
  char buffer[64];
  size_t length = 0;
  if (napi_get_value_string_utf8(env, get(name), buffer, sizeof buffer, &length) != napi_ok) wrong(name, "text");
  return {buffer, length};
}

Fields Fields::object(const char* name) { return Fields(env, get(name), name, kept); }

std::vector<int> Fields::integers(const char* name, size_t fewest, size_t most) {
  uint32_t length = 0;
  if (napi_get_array_length(env, get(name), &length) != napi_ok) wrong(name, "a list");
  if (length < fewest || length > most)
    wrong(name, "a list of " + std::to_string(fewest) + " to " + std::to_string(most) + " numbers");
  std::vector<int> numbers;
  for (uint32_t i = 0; i < length; i++) {
    napi_value entry;
    double number = 0;
    must(napi_get_element(env, value, i, &entry));
    if (napi_get_value_double(env, entry, &number) != napi_ok || !(number >= 1 && number < 0x1p31 && number == std::floor(number)))
      wrong(name, "whole numbers of at least 1");
    numbers.push_back(static_cast<int>(number));
  }
  return numbers;
}

int Fields::choose(const char* name, const char* const* names, size_t count) {
  const std::string given = text(name);
  std::string all;
  for (size_t i = 0; i < count; i++) {
    if (given == names[i]) return static_cast<int>(i);
    all += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  wrong(name, "one of " + all);
}

void* Fields::typed(const char* name, napi_typedarray_type kind, size_t& length) {
  napi_typedarray_type given;
  void* data = nullptr;
  napi_value array = get(name);
  if (napi_get_typedarray_info(env, array, &given, &length, &data, nullptr, nullptr) != napi_ok || given != kind)
    wrong(name, title_of(kind));
  kept->push_back(array);
  return data;
}

void Fields::done() {
  napi_value names;
  uint32_t count = 0;
  must(napi_get_all_property_names(env, fields, napi_key_own_only, napi_key_enumerable, napi_key_numbers_to_strings, &names));
  must(napi_get_array_length(env, names, &count));
  if (count == found) return;
  for (uint32_t i = 0; i < count; i++) {
    char name[64];
    size_t length = 0;
    napi_value text;
    must(napi_get_element(env, names, i, &text));
    must(napi_get_value_string_utf8(env, text, name, sizeof name, &length));
    bool known = false;
    for (const char* each : asked) known = known || std::strcmp(each, name) == 0;
    if (!known) throw std::invalid_argument(std::string(what) + ": unknown field " + name);
  }
}

napi_value Fields::arrays() const {
  napi_value all;
  must(napi_create_array_with_length(env, kept->size(), &all));
  for (size_t i = 0; i < kept->size(); i++) must(napi_set_element(env, all, static_cast<uint32_t>(i), (*kept)[i]));
  return all;
}

void Fields::missing(const char* name) const { throw std::invalid_argument(std::string(what) + ": no " + name); }

void Fields::wrong(const char* name, const std::string& expected) const {
  throw std::invalid_argument(std::string(what) + ": " + name + ": expected " + expected);
}

void Fields::expect(const char* name, size_t length, size_t expected) const {
  if (length == expected) return;
  throw std::invalid_argument(std::string(name) + " has " + std::to_string(length) + " numbers, expected " + std::to_string(expected));
}

}  // namespace metadescent
