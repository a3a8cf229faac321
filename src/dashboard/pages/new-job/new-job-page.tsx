import { Page } from '../../parts/page.js';

export function NewJobPage() {
  return <Page title="New job" />;
}
