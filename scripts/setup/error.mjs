/** A step that cannot be done. The message says what to do; a stack would add nothing. */
export class SetupError extends Error {}
