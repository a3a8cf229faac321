import { isDashboardBuilt } from '../api/dashboard.js';

/** Describes the dashboard that a service here would serve. @throws Error that says what is missing */
export async function describeDashboard(): Promise<string> {
  if (!isDashboardBuilt()) throw new Error('not built; `npm run setup` in the folder of metadescent builds it');
  return 'built; a service has it under /ui/';
}
