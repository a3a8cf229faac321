/** What went wrong for the user: their usage, a service or Redis out of reach, or the work itself. */
export type UserErrorKind = 'usage' | 'unreachable' | 'failure' | 'notFound';

/** An error outside the API whose message tells a user all that they need; the command line maps it to an exit status. */
export class UserError extends Error {
  override readonly name = 'UserError';

  constructor(
    message: string,
    readonly kind: UserErrorKind,
  ) {
    super(message);
  }
}
