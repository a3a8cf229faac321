import { ApiError, errorCodes } from '../../contract/errors.js';

/** What went wrong: the service's title, its detail and the fields that it names. */
export function ErrorNote({ error }: { error: unknown }) {
  const api = error instanceof ApiError ? error : null;
  return (
    <div class="error stack" role="alert">
      {api && <strong>{errorCodes[api.code][1]}</strong>}
      <p>{api ? api.detail : String((error as Error)?.message ?? error)}</p>
      {api && api.errors.length > 1 && (
        <ul>
          {api.errors.map(({ pointer, found, allowed }) => (
            <li key={pointer}>
              <code>{pointer}</code>: found {found}, allowed: {allowed}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
