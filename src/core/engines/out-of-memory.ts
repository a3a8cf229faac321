/** Whether an error is V8's of an ArrayBuffer, or WebAssembly's of a memory or its heap, that there is no room for. */
export function isOutOfMemory(error: unknown): error is RangeError {
  return error instanceof RangeError && /allocation failed|Memory\.grow|could not allocate memory/i.test(error.message);
}
