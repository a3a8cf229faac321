/** Characters of stored documents on a page: writing more of them would hold up other requests. */
const pageCharacters = 2 ** 20;

/** How many of the records at the beginning fit a page, at least one. @param sizes characters of each */
export function countFitting(sizes: readonly number[]): number {
  let total = 0;
  const fitting = sizes.findIndex((size) => {
    total += size;
    return total > pageCharacters;
  });
  return fitting < 0 ? sizes.length : Math.max(fitting, 1);
}
