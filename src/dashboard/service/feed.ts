import { signal } from '@preact/signals';

/** Whether the service answers. */
export const online = signal(true);
