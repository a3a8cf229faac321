/**
 * Content negotiation (RFC 9110, section 12.5.1): the offered type with the highest quality in the `Accept` header;
 * ties go to the first offered. The most specific range that matches a type gives its quality.
 * @returns null where none is acceptable.
 */
export function negotiate(accept: string | undefined, offers: readonly string[]): string | null {
  const ranges = parseAccept(accept ?? '*/*');
  let best: string | null = null;
  let bestQuality = 0;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality > bestQuality) {
      best = offer;
      bestQuality = quality;
    }
  }
  return best;
}

interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

function parseAccept(accept: string): MediaRange[] {
  return accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = q === undefined ? 1 : Number(q.slice(2));
    return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 };
  });
}

function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  for (const candidate of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const range = ranges.find((r) => r.type === candidate);
    if (range) return range.quality;
  }
  return 0;
}
