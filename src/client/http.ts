import { ApiError, type ErrorCode, type ErrorDocument, errorCodes } from '../contract/errors.js';

/**
 * Sends a request.
 * @throws ApiError the service's error, or `unavailable` if it does not answer; the signal's reason once aborted.
 */
export async function request(url: URL, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw init.signal.reason;
    throw unavailable(url, error);
  }
  if (!response.ok) throw await toApiError(response);
  return response;
}

export function unavailable(url: URL, cause: unknown): ApiError {
  const { message, code } = ((cause as Error | undefined)?.cause ?? cause ?? {}) as Partial<NodeJS.ErrnoException>;
  if (code === 'EPIPE' || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET')
    return new ApiError('unavailable', `${url.origin} closed the connection without a response (${message}).`);
  return new ApiError('unavailable', `No service answers at ${url.origin}${message ? ` (${message})` : ''}.`);
}

async function toApiError(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  const document = parse(text);
  if (document && document.code in errorCodes)
    return new ApiError(document.code as ErrorCode, document.detail, document.errors);
  const { status, statusText, url } = response;
  return new ApiError(codeOfStatus(status), document?.detail ?? `${url} answered ${status} ${statusText}.`);
}

function parse(text: string): ErrorDocument | null {
  try {
    const document: unknown = JSON.parse(text);
    const { code, detail } = (document ?? {}) as Partial<ErrorDocument>;
    return typeof code === 'string' && typeof detail === 'string' ? (document as ErrorDocument) : null;
  } catch {
    return null;
  }
}

/** The code for a response that is not the service's own: a proxy's, or from a later version. */
function codeOfStatus(status: number): ErrorCode {
  if (status === 404) return 'not-found';
  if (status === 502 || status === 503 || status === 504) return 'unavailable';
  return status >= 500 ? 'internal' : 'invalid-document';
}
