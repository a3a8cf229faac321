/** Errors of a disk, a network file system or process limits that may pass. */
const passing = new Set([
  ...['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EBUSY'],
  ...['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'ESTALE', 'ETIMEDOUT'],
]);

/** Whether an error of the artifact store, or of starting a process, may pass by itself or be fixed by an operator. */
export function isStoreOutage(error: unknown): boolean {
  const { code = '', name } = error as NodeJS.ErrnoException;
  return passing.has(code) || name === 'TimeoutError';
}
