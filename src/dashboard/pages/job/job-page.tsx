import { Page } from '../../parts/page.js';

export function JobPage() {
  return <Page title="Job" />;
}
