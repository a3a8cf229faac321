import { spawnSync } from 'node:child_process';

const plain = ['--pid', '--fork', '--kill-child', '--mount-proc'];

/** A command that runs its arguments in a new PID namespace; null if that is not permitted. */
export const inPidNamespace: readonly string[] | null =
  [plain, ['--map-root-user', ...plain]]
    .map((flags) => ['unshare', ...flags])
    .find(([program, ...flags]) => spawnSync(program!, [...flags, 'true']).status === 0) ?? null;

/** For a test's options: why it cannot run, if so. */
export const skipWithoutPidNamespace = inPidNamespace ? false : 'PID namespaces are not permitted here (unshare --pid)';
