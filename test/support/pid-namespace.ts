import { spawnSync } from 'node:child_process';

const plain = ['--pid', '--fork', '--kill-child', '--mount-proc'];

/** A command that runs its arguments in a PID namespace of their own; null where that is not permitted. */
export const inPidNamespace: readonly string[] | null =
  [plain, ['--map-root-user', ...plain]]
    .map((flags) => ['unshare', ...flags])
    .find(([program, ...flags]) => spawnSync(program!, [...flags, 'true']).status === 0) ?? null;

/** For a test's options: what it says where it cannot run. */
export const skipWithoutPidNamespace = inPidNamespace ? false : 'PID namespaces are not permitted here (unshare --pid)';
