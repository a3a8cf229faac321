import { signal } from '@preact/signals';

/** Milliseconds since 1970, to the second. Browsers slow it down while the page is hidden. */
export const now = signal(Date.now());

setInterval(() => {
  now.value = Date.now();
}, 1000);
