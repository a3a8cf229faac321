/** Whether an error means that V8 cannot allocate an ArrayBuffer, or WebAssembly a memory or in its heap. */
export function isOutOfMemory(error: unknown): error is RangeError {
  return error instanceof RangeError && /allocation failed|Memory\.grow|could not allocate memory/i.test(error.message);
}
