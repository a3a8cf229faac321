import { Page } from '../../parts/page.js';

export function JobsPage() {
  return <Page title="Jobs" />;
}
