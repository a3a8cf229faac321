/** Maximum characters of stored documents on a page: writing more would block other requests. */
const pageCharacters = 2 ** 20;

/** Number of records, from the first, that fit on a page; at least one. @param sizes characters of each */
export function countFitting(sizes: readonly number[]): number {
  let total = 0;
  const fitting = sizes.findIndex((size) => {
    total += size;
    return total > pageCharacters;
  });
  return fitting < 0 ? sizes.length : Math.max(fitting, 1);
}
