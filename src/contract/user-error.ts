/** What went wrong: usage, an unreachable service or Redis, the work itself, or something missing. */
export type UserErrorKind = 'usage' | 'unreachable' | 'failure' | 'notFound';

/** An error outside the API, with a complete message for the user; the command line maps it to an exit status. */
export class UserError extends Error {
  override readonly name = 'UserError';

  constructor(
    message: string,
    readonly kind: UserErrorKind,
  ) {
    super(message);
  }
}
