#include "fields.h"

#include <cmath>

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

Shape::Shape(const std::vector<std::string>& names) {
  std::vector<int> open;
  for (const std::string& name : names) {
    if (name == "{") {
      if (entries.empty()) throw std::invalid_argument("names: an object without a name");
      open.push_back(static_cast<int>(entries.size()) - 1);
      values--;
    } else if (name == "}") {
      if (open.empty()) throw std::invalid_argument("names: an end without an object");
      entries[open.back()].end = static_cast<int>(entries.size());
      open.pop_back();
    } else {
      entries.push_back({name, values++, 0});
    }
  }
  if (!open.empty()) throw std::invalid_argument("names: an object without an end");
  if (entries.size() > kMostEntries) throw std::invalid_argument("names: too many");
}

Fields::Fields(napi_env environment, const Shape& of, const napi_value* given, size_t count, const char* name)
    : env(environment), shape(of), values(given), what(name), first(0), end(static_cast<int>(of.entries.size())), at(0), kept(&own) {
  if (count != static_cast<size_t>(shape.values)) throw std::invalid_argument(std::string(what) + ": other values than names");
}

Fields::Fields(const Fields& outer, int from, int to, const char* name)
    : env(outer.env), shape(outer.shape), values(outer.values), what(name), first(from), end(to), at(from), kept(outer.kept) {}

int Fields::after(int entry) const { return shape.entries[entry].end > 0 ? shape.entries[entry].end : entry + 1; }

bool Fields::find(const char* name) {
  const auto search = [&](int from, int to) {
    for (int i = from; i < to; i = after(i)) {
      if (shape.entries[i].name != name) continue;
      asked.set(at = i);
      return true;
    }
    return false;
  };
  const int start = at;
  return search(start, end) || search(first, start);
}

bool Fields::has(const char* name) { return find(name); }

napi_value Fields::get(const char* name) {
  if (!find(name)) missing(name);
  if (shape.entries[at].end > 0) wrong(name, "no object");
  return values[shape.entries[at].value];
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

Fields Fields::object(const char* name) {
  if (!find(name)) missing(name);
  if (shape.entries[at].end == 0) wrong(name, "an object");
  return Fields(*this, at + 1, shape.entries[at].end, name);
}

std::vector<int> Fields::integers(const char* name, size_t fewest, size_t most) {
  uint32_t length = 0;
  const napi_value list = get(name);
  if (napi_get_array_length(env, list, &length) != napi_ok) wrong(name, "a list");
  if (length < fewest || length > most)
    wrong(name, "a list of " + std::to_string(fewest) + " to " + std::to_string(most) + " numbers");
  std::vector<int> numbers;
  for (uint32_t i = 0; i < length; i++) {
    napi_value entry;
    double number = 0;
    must(napi_get_element(env, list, i, &entry));
    if (napi_get_value_double(env, entry, &number) != napi_ok || !(number >= 1 && number < 0x1p31 && number == std::floor(number)))
      wrong(name, "whole numbers of at least 1");
    numbers.push_back(static_cast<int>(number));
  }
  return numbers;
}

int Fields::choose(const char* name, const char* const* names, size_t count) {
  const std::string given = text(name);
  for (size_t i = 0; i < count; i++)
    if (given == names[i]) return static_cast<int>(i);
  std::string all;
  for (size_t i = 0; i < count; i++) all += (i == 0 ? "" : ", ") + std::string(names[i]);
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
  for (int i = first; i < end; i = after(i))
    if (!asked[i]) throw std::invalid_argument(std::string(what) + ": unknown field " + shape.entries[i].name);
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
