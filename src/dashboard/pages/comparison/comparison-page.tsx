import { Page } from '../../parts/page.js';

export function ComparisonPage() {
  return <Page title="Comparison" />;
}
